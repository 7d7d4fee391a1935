// Reward: the interface of every rule that scores a response.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "datasets/problem.h"
#include "rewards/verdict.h"

namespace rationale {

// A response as the rewards see it. Views into the caller's data, valid during the call.
struct Response {
  std::string_view text = {};        // the completion, without the prompt, stop token or padding
  const Problem* problem = nullptr;  // never null
  int64_t num_tokens = 0;  // response tokens, 0 if unknown (offline scoring of plain text)
  int64_t max_tokens = 0;  // the limit it was generated under, 0 if unknown
  bool truncated = false;  // it ran into that limit
  int64_t step = 0;        // the training step, for schedules
  // Filled by the rubric, for rewards that read other components:
  const Verdict* own = nullptr;                // this response's components so far
  std::span<const Verdict* const> group = {};  // those of every response drawn for the same
                                               // problem, this one included; empty: not known
};

// Implementations are deterministic, thread-safe and without global state; any input, however
// hostile, is judged within a fixed budget of steps and memory, never a wall-clock timer.
class Reward {
 public:
  virtual ~Reward() = default;

  // Fills judged, score and reason; the rubric fills name and weight.
  virtual Component Judge(const Response& response) const = 0;

  // The component of the same rubric that it reads from Response::own and Response::group; empty:
  // none. It is judged after that one.
  virtual std::string_view Reads() const { return {}; }

  // Does it read Response::group? Then it is judged when the others have judged the whole group.
  virtual bool NeedsGroup() const { return false; }
};

}  // namespace rationale
