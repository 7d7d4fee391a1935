// Scheduler: the rows of decoding sequences, and the pages these are written to.

#include <algorithm>
#include <utility>
#include <vector>

#include "rollout/scheduler.h"

namespace rationale {

// The page its next row is written to is there, and its own. False: no page is free.
bool Scheduler::EnsureDecodePage(Sequence& sequence) {
  const int64_t index = sequence.num_cached / ops::kPageTokens;
  const bool missing = index >= static_cast<int64_t>(sequence.pages.size());
  if (!missing && pool_.holders(sequence.pages[static_cast<size_t>(index)]) == 1) return true;
  if (!MakeFree(1)) return false;
  std::vector<int32_t>& span_pages = plan_.batch.spans[static_cast<size_t>(sequence.slot)].pages;
  if (missing) {
    sequence.pages.push_back(pool_.Allocate());
    span_pages.push_back(sequence.pages.back());
    return true;
  }
  int32_t& page = sequence.pages[static_cast<size_t>(index)];
  if (pool_.holders(page) == 1)
    return true;  // the other holder was the prompt, whose last page was just reclaimed
  const int32_t copy = pool_.Allocate();
  plan_.copies.push_back({.from = page, .to = copy});
  pool_.Release(std::exchange(page, copy));
  span_pages[static_cast<size_t>(index)] = copy;
  return true;
}

void Scheduler::EnsureDecodePages() {
  for (size_t slot = 0; slot < decoding_.size();) {
    if (EnsureDecodePage(*decoding_[slot])) {
      ++slot;
    } else {
      PreemptYoungest();  // moves another sequence to its slot
      slot = 0;
    }
  }
}

void Scheduler::PlanDecodeRows() {
  if (options_.draft_tokens > 0) PlanDrafts();
  for (Sequence* sequence : decoding_) {
    ops::SequenceSpan& span = plan_.batch.spans[static_cast<size_t>(sequence->slot)];
    span.row = plan_.num_rows();
    span.num_rows = 1;
    span.num_cached = sequence->num_cached;
    plan_.tokens.push_back(sequence->rollout.response.back());
    if (options_.draft_tokens > 0) {
      const std::vector<Draft>& drafts = drafts_[static_cast<size_t>(sequence->slot)];
      span.num_rows += EnsureDraftPages(*sequence, static_cast<int64_t>(drafts.size()));
      for (int64_t i = 0; i + 1 < span.num_rows; ++i) {
        plan_.tokens.push_back(drafts[static_cast<size_t>(i)].token);
      }
    }
    plan_.draws.push_back({.sequence = sequence, .row = span.row, .num_rows = span.num_rows});
    for (int64_t i = 0; i < span.num_rows; ++i) {
      plan_.positions.push_back(static_cast<int32_t>(sequence->num_cached + i));
    }
    stats_.draft_tokens += span.num_rows - 1;
  }
  plan_.num_decode_rows = plan_.num_rows();
}

// The guesses of each decoding sequence that pay in this step.
void Scheduler::PlanDrafts() {
  drafts_.clear();
  if (decoding_.empty()) return;
  const double fixed_rows =
      options_.draft_fixed_rows > 0 ? options_.draft_fixed_rows : draft_cost_.FixedRows();
  const double floor = DraftFloor(static_cast<int64_t>(decoding_.size()), fixed_rows);
  for (const Sequence* sequence : decoding_) drafts_.push_back(Guess(*sequence, floor));
}

// What the sequence will probably draw after its last token; the token after these is drawn too, so
// that there is one less than it may still draw. Where the tokens drawn change the next logits by
// more than the model (a penalty), they are drawn one by one.
std::vector<Draft> Scheduler::Guess(const Sequence& sequence, double floor) const {
  const auto num_drawn = static_cast<int64_t>(sequence.rollout.response.size());
  const int64_t most = std::min(options_.draft_tokens, sequence.max_new_tokens - num_drawn - 1);
  if (most <= 0 || sequence.sampler.adjusts_logits()) return {};
  return sequence.prefix->drafts.Propose(sequence.LastTokens(DraftIndex::kTailTokens), most, floor,
                                         draft_rates_);
}

// Pages for the rows after the sequence's next one, as long as each live sequence has one to spare.
// Returns for how many of `num_drafts` rows there are.
int64_t Scheduler::EnsureDraftPages(Sequence& sequence, int64_t num_drafts) {
  std::vector<int32_t>& span_pages = plan_.batch.spans[static_cast<size_t>(sequence.slot)].pages;
  const auto num_rows = [&] {
    const auto num_pages = static_cast<int64_t>(sequence.pages.size());
    return num_pages * ops::kPageTokens - sequence.num_cached;
  };
  while (num_rows() < 1 + num_drafts && pool_.num_available() > num_live() && MakeFree(1)) {
    sequence.pages.push_back(pool_.Allocate());
    span_pages.push_back(sequence.pages.back());
  }
  return std::min(num_drafts, num_rows() - 1);
}

// Its newest token: whether the guess would have been right, and what follows what.
void Scheduler::ObserveToken(const Sequence& sequence) {
  const std::vector<int32_t> tokens = sequence.LastTokens(DraftIndex::kTailTokens + 1);
  DraftIndex& drafts = sequence.prefix->drafts;
  if (const auto guess = drafts.Guess(std::span(tokens).first(tokens.size() - 1))) {
    draft_rates_.Count(*guess, guess->token == tokens.back());
  }
  drafts.Observe(tokens);
}

void Scheduler::ObserveStep(double seconds) {
  if (options_.draft_tokens == 0 || plan_.num_rows() != plan_.num_decode_rows) return;
  if (plan_.num_decode_rows > 0) draft_cost_.Observe(plan_.num_decode_rows, seconds);
}

void Scheduler::AcceptDraft(Sequence& sequence) {
  ++sequence.num_cached;
  ++stats_.accepted_tokens;
}

}  // namespace rationale
