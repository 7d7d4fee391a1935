// Scheduler: which tokens go through the model in the next step, and on which pages their keys and
// values lie.

#include "rollout/scheduler.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace rationale {
namespace {

using ops::kPageTokens;

int64_t PagesFor(int64_t num_tokens) {
  return (num_tokens + kPageTokens - 1) / kPageTokens;
}

int64_t Size(const std::vector<int32_t>& pages) {
  return static_cast<int64_t>(pages.size());
}

size_t HashOf(const std::vector<int32_t>& tokens) {
  const auto* bytes = reinterpret_cast<const char*>(tokens.data());
  return std::hash<std::string_view>{}({bytes, tokens.size() * sizeof(int32_t)});
}

// The pages a sequence has beside the full pages of its prompt, its next token included.
int64_t NumOwnPages(const Sequence& sequence) {
  return PagesFor(sequence.length() + 1) - sequence.prefix->num_full_pages();
}

// The tokens of its prefix that a sequence needs: one that has drawn tokens recomputes the partly
// filled last page.
int64_t PrefixTokensNeeded(const Sequence& sequence) {
  const Prefix& prefix = *sequence.prefix;
  return sequence.fresh() ? prefix.size() : prefix.num_full_pages() * kPageTokens;
}

bool CanFork(const Sequence& sequence) {
  return sequence.prefix->num_cached >= PrefixTokensNeeded(sequence) &&
         (!sequence.fresh() || sequence.prefix->hidden_1D.defined());
}

}  // namespace

Sequence::Sequence(SampleRequest request, int64_t number, int64_t vocab_size)
    : index(number),
      key(request.key),
      sampling(std::move(request.sampling)),
      sampler(sampling, vocab_size),
      text(sampling.stop_strings) {
  rollout.id = request.id;
  rollout.group = request.group;
  rollout.prompt = std::move(request.prompt);
  rollout.temperature = sampler.temperature();
  rollout.comparable = sampler.comparable();
  for (const int32_t token : rollout.prompt) sampler.Observe(token);
}

void Sequence::ReserveTokens() {
  const auto num_new = static_cast<size_t>(max_new_tokens);
  rollout.response.reserve(num_new);
  rollout.logprobs.reserve(num_new);
  rollout.policy_versions.reserve(num_new);
  pages.reserve(
      static_cast<size_t>(PagesFor(static_cast<int64_t>(rollout.prompt.size()) + max_new_tokens)));
}

int32_t Sequence::token(int64_t position) const {
  const auto i = static_cast<size_t>(position);
  return i < rollout.prompt.size() ? rollout.prompt[i]
                                   : rollout.response[i - rollout.prompt.size()];
}

std::vector<int32_t> Sequence::LastTokens(int64_t count) const {
  std::vector<int32_t> tokens;
  for (int64_t i = std::max<int64_t>(0, length() - count); i < length(); ++i) {
    tokens.push_back(token(i));
  }
  return tokens;
}

Scheduler::Scheduler(const SchedulerOptions& options)
    : options_(options), pool_(0, options.max_pages) {
  Check{options.max_batch > 0 && options.prefill_chunk_tokens > 0, "an empty batch or chunk"};
}

// ---- sequences in and out ----

Sequence& Scheduler::Add(std::unique_ptr<Sequence> sequence) {
  const int64_t num_prompt = sequence->length();
  const int64_t num_pages = PagesFor(num_prompt + sequence->max_new_tokens);
  if (num_pages > options_.max_pages) {
    throw Error(
        "request {}: a prompt of {} tokens and {} new ones need {} pages of {} tokens, the cache "
        "has {} pages; "
        "give it more memory or ask for fewer tokens",
        sequence->rollout.id, num_prompt, sequence->max_new_tokens, num_pages, kPageTokens,
        options_.max_pages);
  }
  Sequence& added = *sequence;
  added.prefix = FindOrAddPrefix(added.rollout.prompt, added.sampling.keep_experts);
  ++added.prefix->num_unfinished;
  ++added.prefix->num_fresh;
  added.counted_fresh = true;
  waiting_.insert(&added);
  sequences_.emplace(added.index, std::move(sequence));
  return added;
}

std::unique_ptr<Sequence> Scheduler::Remove(Sequence& sequence) {
  if (sequence.state == SequenceState::kWaiting) {
    waiting_.erase(&sequence);
  } else {
    LeaveBatch(sequence);
  }
  Prefix& prefix = *sequence.prefix;
  SettleFresh(sequence);
  if (--prefix.num_unfinished == 0) {
    ReleasePrefix(prefix);
    auto [begin, end] = prefixes_.equal_range(HashOf(prefix.tokens));
    prefixes_.erase(
        std::find_if(begin, end, [&](const auto& entry) { return entry.second.get() == &prefix; }));
  }
  sequence.prefix = nullptr;
  return std::move(sequences_.extract(sequence.index).mapped());
}

std::vector<Sequence*> Scheduler::sequences() const {
  std::vector<Sequence*> all;
  for (const auto& [index, sequence] : sequences_) all.push_back(sequence.get());
  std::sort(all.begin(), all.end(), ByAge());
  return all;
}

void Scheduler::Continue(Sequence& sequence) {
  SettleFresh(sequence);
  if (options_.draft_tokens > 0) ObserveToken(sequence);
  if (sequence.state == SequenceState::kDecoding) return;
  std::erase(filling_, &sequence);
  sequence.state = SequenceState::kDecoding;
  sequence.slot = static_cast<int64_t>(decoding_.size());
  decoding_.push_back(&sequence);
  Check{sequence.num_cached + 1 == sequence.length(),
        "sequence ",
        sequence.index,
        " has ",
        sequence.num_cached,
        " cached tokens of ",
        sequence.length()};
  sequence.ReserveTokens();
  plan_.batch.spans.push_back({.row = 0, .num_rows = 1, .num_cached = 0, .pages = sequence.pages});
  plan_.batch.spans.back().pages.reserve(sequence.pages.capacity());
}

// Leaves the batch without its pages, by whichever list it is in.
void Scheduler::LeaveBatch(Sequence& sequence) {
  Check{plan_.batch.spans.size() == decoding_.size(), "a sequence leaves in the middle of a step"};
  if (sequence.state == SequenceState::kDecoding) {
    const auto slot = static_cast<size_t>(sequence.slot);
    std::swap(decoding_[slot], decoding_.back());
    std::swap(plan_.batch.spans[slot], plan_.batch.spans.back());
    decoding_[slot]->slot = sequence.slot;
    decoding_.pop_back();
    plan_.batch.spans.pop_back();
  } else {
    std::erase(filling_, &sequence);
  }
  sequence.slot = -1;
  sequence.num_cached = 0;
  pool_.Release(sequence.pages);
  --sequence.prefix->num_live;
}

// Back to those who wait, keeping the tokens.
void Scheduler::Park(Sequence& sequence) {
  LeaveBatch(sequence);
  sequence.state = SequenceState::kWaiting;
  waiting_.insert(&sequence);
}

void Scheduler::InvalidateCache() {
  ClearStep();
  for (const auto& [index, sequence] : sequences_) {
    if (sequence->state != SequenceState::kWaiting) Park(*sequence);
  }
  for (const auto& [hash, prefix] : prefixes_) ReleasePrefix(*prefix);
}

void Scheduler::ShrinkPages() {
  Check{pool_.num_held() == 0, pool_.num_held(), " pages are held"};
  pool_ = PagePool(0, options_.max_pages);
}

void Scheduler::ResetStats() {
  stats_ = {};
  pool_.ResetPeak();
}

// ---- prompts ----

Prefix* Scheduler::FindOrAddPrefix(const std::vector<int32_t>& prompt, bool keep_experts) {
  const size_t hash = HashOf(prompt);
  const auto [begin, end] = prefixes_.equal_range(hash);
  for (auto entry = begin; entry != end; ++entry) {
    Prefix& known = *entry->second;
    if (known.tokens == prompt && known.keep_experts == keep_experts) return &known;
  }
  auto prefix = std::make_unique<Prefix>();
  prefix->tokens = prompt;
  prefix->keep_experts = keep_experts;
  if (options_.draft_tokens > 0) {
    for (size_t size = 1; size <= prompt.size(); ++size) {
      prefix->drafts.Observe(std::span(prompt).first(size));
    }
  }
  return prefixes_.emplace(hash, std::move(prefix))->second.get();
}

void Scheduler::ReleasePrefix(Prefix& prefix) {
  Check{prefix.num_live == 0, "a prompt with live sequences was dropped"};
  pool_.Release(prefix.pages);
  prefix.target = prefix.num_cached = prefix.num_forks = 0;
  prefix.hidden_1D.reset();
  prefix.experts.clear();
}

// Drops the partly filled last page.
void Scheduler::DropTail(Prefix& prefix) {
  if (Size(prefix.pages) <= prefix.num_full_pages()) return;
  pool_.Release(prefix.pages.back());
  prefix.pages.pop_back();
  prefix.target = std::min(prefix.target, prefix.num_full_pages() * kPageTokens);
  prefix.num_cached = std::min(prefix.num_cached, prefix.target);
}

// A sequence that has drawn its first token, or leaves without, has no more use for the prompt's
// last row.
void Scheduler::SettleFresh(Sequence& sequence) {
  if (!std::exchange(sequence.counted_fresh, false)) return;
  if (--sequence.prefix->num_fresh == 0) DropTail(*sequence.prefix);
}

bool Scheduler::HasFreshAttached(const Prefix& prefix) const {
  return std::any_of(filling_.begin(), filling_.end(), [&](const Sequence* sequence) {
    return sequence->prefix == &prefix && sequence->state == SequenceState::kAttached &&
           sequence->fresh();
  });
}

// The sequence takes its share of the prompt's pages, and one that has drawn tokens the rest of
// what it needs.
void Scheduler::Fork(Sequence& sequence) {
  Prefix& prefix = *sequence.prefix;
  sequence.num_cached = PrefixTokensNeeded(sequence);
  const auto num_shared = static_cast<ptrdiff_t>(PagesFor(sequence.num_cached));
  sequence.pages.assign(prefix.pages.begin(), prefix.pages.begin() + num_shared);
  for (const int32_t page : sequence.pages) pool_.Share(page);
  if (!sequence.fresh()) {
    while (Size(sequence.pages) < PagesFor(sequence.length() + 1))
      sequence.pages.push_back(pool_.Allocate());
  }
  sequence.state = SequenceState::kFilling;
  if (prefix.num_forks++ > 0) stats_.shared_tokens += sequence.num_cached;
}

// ---- pages ----

bool Scheduler::MakeFree(int64_t num_pages) {
  while (pool_.num_free() < num_pages) {
    if (pool_.num_pages() < pool_.max_pages()) {
      const int64_t wanted = std::max<int64_t>(2 * pool_.num_pages(), pool_.num_held() + num_pages);
      pool_.Grow(static_cast<int32_t>(std::min<int64_t>(wanted, pool_.max_pages())));
    } else if (!Reclaim()) {
      return false;
    }
  }
  return true;
}

// Gives up what only saves work: a prompt without live sequences, else a prompt's last page.
bool Scheduler::Reclaim() {
  for (const auto& [hash, prefix] : prefixes_) {
    if (prefix->num_live > 0 || prefix->pages.empty()) continue;
    ReleasePrefix(*prefix);
    return true;
  }
  for (const auto& [hash, prefix] : prefixes_) {
    if (Size(prefix->pages) <= prefix->num_full_pages() || HasFreshAttached(*prefix)) continue;
    DropTail(*prefix);
    return true;
  }
  return false;
}

void Scheduler::PreemptYoungest() {
  Sequence* youngest = nullptr;
  for (const auto* list : {&decoding_, &filling_}) {
    for (Sequence* sequence : *list) {
      if (youngest == nullptr || sequence->index > youngest->index) youngest = sequence;
    }
  }
  Check{num_live() > 1, "the cache is too small for one sequence"};
  ++stats_.preemptions;
  Park(*youngest);
}

// ---- the step ----

StepPlan& Scheduler::Plan() {
  ClearStep();
  EnsureDecodePages();
  Admit();
  PlanDecodeRows();
  for (;;) {
    PlanForks();
    PlanFills();
    if (!plan_.empty() || num_live() < 2) break;
    PreemptYoungest();  // all wait for pages that others hold
  }
  Check{!plan_.empty() || sequences_.empty(), "no step for ", num_unfinished(), " sequences"};
  return plan_;
}

void Scheduler::ClearFills() {
  for (const StepPlan::Fill& fill : plan_.fills) {
    if (fill.prefix == nullptr) continue;
    fill.prefix->num_planned = 0;
    fill.prefix->last_row = -1;
  }
  plan_.fills.clear();
  plan_.batch.spans.resize(decoding_.size());
}

void Scheduler::ClearStep() {
  ClearFills();
  plan_.copies.clear();
  plan_.draws.clear();
  plan_.tokens.clear();
  plan_.positions.clear();
  plan_.num_decode_rows = 0;
}

void Scheduler::Admit() {
  if (waiting_.empty()) return;
  int64_t num_reserved = 0;  // pages that sequences in the batch take when they fork
  for (const Sequence* sequence : filling_) {
    if (sequence->state == SequenceState::kAttached) num_reserved += NumOwnPages(*sequence);
  }
  while (!waiting_.empty() && num_live() < options_.max_batch) {
    Sequence& sequence = **waiting_.begin();
    Prefix& prefix = *sequence.prefix;
    const int64_t target = std::max(prefix.target, PrefixTokensNeeded(sequence));
    const int64_t num_missing = PagesFor(target) - Size(prefix.pages);
    const int64_t num_own = NumOwnPages(sequence);
    // A page for each live sequence stays free, so that newcomers are not preempted at once.
    const int64_t num_needed = num_reserved + num_missing + num_own + num_live();
    if (num_live() > 0 && pool_.num_available() < num_needed) break;
    waiting_.erase(waiting_.begin());
    sequence.state = SequenceState::kAttached;
    filling_.push_back(&sequence);
    ++prefix.num_live;
    prefix.target = target;
    Check{MakeFree(num_missing), "no ", num_missing, " pages for a prompt"};
    while (Size(prefix.pages) < PagesFor(target)) prefix.pages.push_back(pool_.Allocate());
    num_reserved += num_own;
  }
  stats_.live_peak = std::max(stats_.live_peak, num_live());
}

// Sequences whose prompt is there start from it.
void Scheduler::PlanForks() {
  for (Sequence* sequence : filling_) {
    if (sequence->state != SequenceState::kAttached || !CanFork(*sequence)) continue;
    if (sequence->fresh()) {
      Fork(*sequence);
      plan_.draws.push_back({.sequence = sequence, .row = -1});
    } else if (MakeFree(NumOwnPages(*sequence))) {
      Fork(*sequence);
    }
  }
}

void Scheduler::PlanFills() {
  int64_t budget = options_.prefill_chunk_tokens;
  for (Sequence* sequence : filling_) {
    if (budget == 0) break;
    if (sequence->state == SequenceState::kFilling && sequence->num_cached < sequence->length()) {
      PlanSequenceRows(*sequence, budget);
    } else if (sequence->state == SequenceState::kAttached && !CanFork(*sequence) &&
               sequence->prefix->num_planned == 0) {
      PlanPrefixRows(*sequence->prefix, budget);
    }
  }
  for (Sequence* sequence : filling_) {
    const bool draws = sequence->state == SequenceState::kAttached && sequence->fresh();
    if (draws && sequence->prefix->last_row >= 0) {
      plan_.draws.push_back({.sequence = sequence, .row = sequence->prefix->last_row});
    }
  }
}

void Scheduler::PlanPrefixRows(Prefix& prefix, int64_t& budget) {
  const int64_t num_rows = std::min(budget, prefix.target - prefix.num_cached);
  budget -= num_rows;
  plan_.batch.spans.push_back({.row = plan_.num_rows(),
                               .num_rows = num_rows,
                               .num_cached = prefix.num_cached,
                               .pages = prefix.pages});
  for (int64_t position = prefix.num_cached; position < prefix.num_cached + num_rows; ++position) {
    plan_.tokens.push_back(prefix.tokens[static_cast<size_t>(position)]);
    plan_.positions.push_back(static_cast<int32_t>(position));
  }
  plan_.fills.push_back({.prefix = &prefix, .sequence = nullptr, .num_rows = num_rows});
  prefix.num_planned = num_rows;
  if (prefix.num_cached + num_rows == prefix.size()) prefix.last_row = plan_.num_rows() - 1;
}

void Scheduler::PlanSequenceRows(Sequence& sequence, int64_t& budget) {
  const int64_t num_rows = std::min(budget, sequence.length() - sequence.num_cached);
  budget -= num_rows;
  plan_.batch.spans.push_back({.row = plan_.num_rows(),
                               .num_rows = num_rows,
                               .num_cached = sequence.num_cached,
                               .pages = sequence.pages});
  for (int64_t position = sequence.num_cached; position < sequence.num_cached + num_rows;
       ++position) {
    plan_.tokens.push_back(sequence.token(position));
    plan_.positions.push_back(static_cast<int32_t>(position));
  }
  plan_.fills.push_back({.prefix = nullptr, .sequence = &sequence, .num_rows = num_rows});
  if (sequence.num_cached + num_rows == sequence.length()) {
    plan_.draws.push_back({.sequence = &sequence, .row = plan_.num_rows() - 1});
  }
}

void Scheduler::Commit() {
  for (Sequence* sequence : decoding_) ++sequence->num_cached;
  for (const StepPlan::Fill& fill : plan_.fills) {
    if (fill.sequence != nullptr) {
      fill.sequence->num_cached += fill.num_rows;
      stats_.recomputed_tokens += fill.num_rows;
      continue;
    }
    Prefix& prefix = *fill.prefix;
    prefix.num_cached += fill.num_rows;
    const int64_t num_new = std::max<int64_t>(0, prefix.num_cached - prefix.num_cached_ever);
    stats_.prefill_tokens += num_new;
    stats_.prefill_chunks += num_new > 0 ? 1 : 0;
    stats_.recomputed_tokens += fill.num_rows - num_new;
    prefix.num_cached_ever += num_new;
  }
  for (const StepPlan::Draw& draw : plan_.draws) {
    if (draw.sequence->state == SequenceState::kAttached) Fork(*draw.sequence);
  }
  stats_.decode_tokens += plan_.num_decode_rows;
  stats_.decode_steps += plan_.num_decode_rows > 0 ? 1 : 0;
  stats_.steps += plan_.num_rows() > 0 ? 1 : 0;
  ClearFills();
}

}  // namespace rationale
