// Scheduler: which tokens go through the model in the next step, and on which pages their keys and
// values lie.
//
// Continuous batching (Yu et al. 2022, Orca) over a paged cache (Kwon et al. 2023, PagedAttention)
// with chunked prefill riding along with decoding (Agrawal et al. 2023, Sarathi). Every step takes
// one row of each decoding sequence and up to `prefill_chunk_tokens` rows of prompts and of
// sequences to recompute. Nothing here can change what is sampled, only when.
//
// A prompt is a Prefix: it is computed once and its pages are then shared by its sequences
// ("fork"). A sequence that writes into the shared last, partly filled page takes a copy of that
// page first. When pages run out, in this order: the pool grows, prompts without a live sequence
// are dropped, partly filled last pages of prompts are dropped, the youngest live sequence is
// preempted: it waits, keeping its tokens, and its cache is recomputed when pages are free. The
// oldest live sequence is never preempted, so the engine always moves on.
//
// Speculation: a decoding sequence may have more than one row in a step, those of tokens that it
// will probably draw (drafts.h). Every row gives the token after it, as if it came alone, so a
// guess that was right saves a step and a wrong one costs its row: its place in the cache is
// written again. A step takes the guesses that are expected to pay (draft_cost.h). A row a decoding
// sequence stays the rule where the cache has no page to spare.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "policy/model.h"
#include "rollout/draft_cost.h"
#include "rollout/drafts.h"
#include "rollout/page_pool.h"
#include "rollout/rollout.h"
#include "rollout/sampler.h"
#include "rollout/stats.h"
#include "rollout/text_stream.h"

namespace rationale {

// A prompt, its pages, and what is known of its last row.
struct Prefix {
  std::vector<int32_t> tokens;
  std::vector<int32_t> pages;
  int64_t target =
      0;  // tokens to compute: all, or the full pages where no fresh sequence has asked
  int64_t num_cached = 0;       // tokens whose keys and values are on the pages
  int64_t num_cached_ever = 0;  // the most there were, to tell recomputed rows
  int64_t num_planned = 0;      // rows in the step being planned
  int64_t last_row = -1;        // of that step, when the prompt's last token is in it
  int64_t num_forks = 0;        // since it was computed
  int64_t num_unfinished = 0;   // sequences
  int64_t num_live = 0;         // of them, those in the batch
  int64_t num_fresh =
      0;  // of them, those whose first token is to be drawn from the prompt's last row
  at::Tensor hidden_1D;  // of the last row; defined where num_cached has been tokens.size() under
                         // these weights
  bool keep_experts =
      false;  // its sequences do; others with this prompt have a Prefix of their own
  std::vector<int32_t> experts;  // of the last row
  DraftIndex drafts;             // with speculation: of the prompt and its sequences' responses

  int64_t size() const { return static_cast<int64_t>(tokens.size()); }
  int64_t num_full_pages() const { return size() / ops::kPageTokens; }
};

enum class SequenceState {
  kWaiting,   // not in the batch
  kAttached,  // in the batch, until its prefix is there to be forked
  kFilling,   // its own earlier tokens are being recomputed
  kDecoding,  // one row a step
};

struct Sequence {
  Sequence(SampleRequest sample_request, int64_t number, int64_t vocab_size);

  int64_t length() const {
    return static_cast<int64_t>(rollout.prompt.size() + rollout.response.size());
  }
  int32_t token(int64_t position) const;
  std::vector<int32_t> LastTokens(int64_t count) const;  // fewer where it has not so many
  // Room for all that may be drawn: address space, no memory until it is.
  void ReserveTokens();
  bool fresh() const { return rollout.response.empty(); }

  int64_t index;  // order of submission: age
  uint64_t key;
  SamplingSettings sampling;
  int64_t max_new_tokens = 0;  // clipped to the context
  Sampler sampler;
  TextStream text;
  Rollout rollout;

  SequenceState state = SequenceState::kWaiting;
  Prefix* prefix = nullptr;
  std::vector<int32_t> pages;
  int64_t num_cached = 0;      // tokens whose keys and values are on the pages
  int64_t slot = -1;           // among the decoding
  bool counted_fresh = false;  // in prefix->num_fresh
  bool tracks_text = false;    // for stop strings or streaming
};

struct SchedulerOptions {
  int64_t max_batch = 64;
  int64_t prefill_chunk_tokens = 2048;
  int32_t max_pages = 0;
  int64_t draft_tokens = 0;     // the most guessed for a sequence in a step; 0: no speculation
  double draft_fixed_rows = 0;  // what a step costs beside its rows, in rows; 0: measured
};

// One step: first the page copies in order, then the rows, then the draws.
struct StepPlan {
  struct PageCopy {
    int32_t from = 0, to = 0;
  };
  // Rows of a prefix or of a sequence that recomputes, after the decoding rows.
  struct Fill {
    Prefix* prefix = nullptr;
    Sequence* sequence = nullptr;
    int64_t num_rows = 0;
  };
  // A sequence that draws a token: from row `row` of this step, or (-1) from its prefix's
  // hidden_1D; then from each of the next num_rows - 1 rows, as long as it drew that row's token.
  struct Draw {
    Sequence* sequence = nullptr;
    int64_t row = 0;
    int64_t num_rows = 1;
  };
  std::vector<PageCopy> copies;
  std::vector<Fill> fills;
  std::vector<Draw> draws;
  ForwardBatch batch;  // its spans: one a decoding sequence, by slot, then one a fill; the tensors
                       // are the engine's
  std::vector<int64_t> tokens;
  std::vector<int32_t> positions;
  int64_t num_decode_rows = 0;

  int64_t num_rows() const { return static_cast<int64_t>(tokens.size()); }
  bool empty() const { return tokens.empty() && draws.empty(); }
};

class Scheduler {
 public:
  explicit Scheduler(const SchedulerOptions& options);

  // Takes over a sequence, to wait for its turn. Throws Error if it could never have enough pages.
  Sequence& Add(std::unique_ptr<Sequence> sequence);

  // Decides on the next step; empty when nothing is left to do. Followed by Commit, or by
  // InvalidateCache if the step was not carried out.
  StepPlan& Plan();

  // The step's rows are in the cache. `hidden_1D` and `experts` of prefixes whose last row was
  // among them are set.
  void Commit();

  // A token was appended to the sequence's response: it decodes from now on.
  void Continue(Sequence& sequence);

  // The token appended last is the one that was guessed: its row is in the cache.
  void AcceptDraft(Sequence& sequence);

  // The step planned last took this long. Tells what rows cost, and with that which guesses pay.
  void ObserveStep(double seconds);

  // The sequence leaves, and its pages with it.
  std::unique_ptr<Sequence> Remove(Sequence& sequence);

  // The weights have changed: all live sequences wait and are computed again from their tokens.
  void InvalidateCache();

  // The pool starts again from no pages. Requires that none is held.
  void ShrinkPages();

  // All unfinished sequences, by age.
  std::vector<Sequence*> sequences() const;

  int64_t num_unfinished() const { return static_cast<int64_t>(sequences_.size()); }
  int64_t num_live() const { return static_cast<int64_t>(decoding_.size() + filling_.size()); }
  bool idle() const { return sequences_.empty(); }
  const PagePool& pages() const { return pool_; }

  // The counts a scheduler can know; the peaks are of pages and live sequences.
  const RolloutStats& stats() const { return stats_; }
  void ResetStats();

 private:
  struct ByAge {
    bool operator()(const Sequence* a, const Sequence* b) const { return a->index < b->index; }
  };

  Prefix* FindOrAddPrefix(const std::vector<int32_t>& prompt, bool keep_experts);
  void ReleasePrefix(Prefix& prefix);

  bool HasFreshAttached(const Prefix& prefix) const;
  void Fork(Sequence& sequence);
  void DropTail(Prefix& prefix);
  void SettleFresh(Sequence& sequence);

  void ClearStep();
  void ClearFills();
  void EnsureDecodePages();
  bool EnsureDecodePage(Sequence& sequence);
  void Admit();
  void PlanDecodeRows();
  void PlanDrafts();
  void ObserveToken(const Sequence& sequence);
  std::vector<Draft> Guess(const Sequence& sequence, double floor) const;
  int64_t EnsureDraftPages(Sequence& sequence, int64_t num_drafts);
  void PlanForks();
  void PlanFills();
  void PlanPrefixRows(Prefix& prefix, int64_t& budget);
  void PlanSequenceRows(Sequence& sequence, int64_t& budget);

  bool MakeFree(int64_t num_pages);
  bool Reclaim();
  void PreemptYoungest();
  void Park(Sequence& sequence);
  void LeaveBatch(Sequence& sequence);

  SchedulerOptions options_;
  PagePool pool_;
  RolloutStats stats_;
  std::unordered_map<int64_t, std::unique_ptr<Sequence>> sequences_;   // by index
  std::unordered_multimap<size_t, std::unique_ptr<Prefix>> prefixes_;  // by hash of the prompt
  std::set<Sequence*, ByAge> waiting_;
  std::vector<Sequence*> filling_;   // attached or filling, in order of admission
  std::vector<Sequence*> decoding_;  // by slot
  StepPlan plan_;
  DraftRates draft_rates_;
  DraftCost draft_cost_;
  std::vector<std::vector<Draft>> drafts_;  // by slot, of the step being planned
};

}  // namespace rationale
