// Length: shaping by the number of response tokens. L: the response's tokens, M: their limit.
//
// "overlong": DAPO's soft punishment of what nears the limit. With a margin C:
//
//   0 if L <= M - C;  (M - C - L) / C if M - C < L <= M;  -1 if L > M or the response was cut off
//
// Range [-1, 0]. Yu et al. 2025, DAPO, arXiv:2503.14476, equation 13.
//
// "cosine": the shorter a right answer the better, the longer a wrong one the better (think on):
//
//   r_M + (r_0 - r_M) (1 + cos(pi L / M)) / 2;  exceeded if L > M or the response was cut off
//
// with (r_0, r_M) = correct, which is to say (1, 0.5), or wrong, (-1, -0.5). Range [-1, 1] by
// default. It says whether the answer is right, too: the component it reads can have weight 0.
// Yeo et al. 2025, Demystifying Long Chain-of-Thought Reasoning in LLMs, arXiv:2502.03373; the
// default values are open-r1's.
//
// "adaptive": every token costs, and the more the easier the problem is:
//
//   -min(L, M) / M max(p, 1 / K)
//
// with p the share of the K judged responses to the same problem that solve it. Range [-1, 0]; the
// weight is the paper's beta. Xiang et al. 2025, Just Enough Thinking: Efficient Reasoning with
// Adaptive Length Penalties, arXiv:2506.05256. That L counts at most M is ours.
//
// An empty response earns nothing by any of them. Not judged: tokens or limit not known; where it
// is needed, `solved` not judged (cosine), or no group known or none of it judged (adaptive).

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "rewards/options.h"
#include "rewards/registry.h"

namespace rationale {
namespace {

enum class LengthMode : uint8_t { kOverlong, kCosine, kAdaptive };

std::vector<std::pair<std::string_view, LengthMode>> ConfigNames(LengthMode) {
  return {{"overlong", LengthMode::kOverlong},
          {"cosine", LengthMode::kCosine},
          {"adaptive", LengthMode::kAdaptive}};
}

struct LengthOptions {
  LengthMode mode = LengthMode::kOverlong;
  int64_t max_tokens = 0;
  int64_t margin_tokens = 0;
  std::string solved = "math";
  std::vector<double> correct = {1, 0.5};
  std::vector<double> wrong = {-1, -0.5};
  double exceeded = -1;

  template <class V>
  void Visit(V& v) {
    v("mode", mode, "overlong (DAPO), cosine or adaptive (to the problem's solve rate)");
    v("max_tokens", max_tokens, "M; 0: the limit the response was generated under", AtLeast(0));
    v("margin_tokens", margin_tokens, "C of overlong; 0: a fifth of M", AtLeast(0));
    v("solved", solved,
      "the component that is 1 where the problem is solved, for cosine and adaptive");
    v("correct", correct, "cosine: what a right answer earns at no length and at M");
    v("wrong", wrong, "cosine: what a wrong answer earns at no length and at M");
    v("exceeded", exceeded, "cosine: what a response earns that ran into the limit");
  }
  void Validate(const ConfigCheck& check) const {
    check(correct.size() == 2, "correct", "has to be two numbers");
    check(wrong.size() == 2, "wrong", "has to be two numbers");
    check(!solved.empty(), "solved", "has to name a component");
  }
};

bool Solves(const Component& component) {
  return component.score >= 1;
}

class LengthReward final : public Reward {
 public:
  explicit LengthReward(LengthOptions options) : options_(std::move(options)) {}

  std::string_view Reads() const override {
    return options_.mode == LengthMode::kOverlong ? std::string_view() : options_.solved;
  }
  bool NeedsGroup() const override { return options_.mode == LengthMode::kAdaptive; }

  Component Judge(const Response& response) const override {
    const int64_t limit = options_.max_tokens > 0 ? options_.max_tokens : response.max_tokens;
    if (response.num_tokens < 0 || limit <= 0 ||
        (response.num_tokens == 0 && !response.text.empty())) {
      return {.reason = "the number of tokens or their limit is not known"};
    }
    const bool exceeds = response.truncated || response.num_tokens > limit;
    switch (options_.mode) {
      case LengthMode::kOverlong:
        return Overlong(response, limit, exceeds);
      case LengthMode::kCosine:
        return Cosine(response, limit, exceeds);
      case LengthMode::kAdaptive:
        return Adaptive(response, limit);
    }
    return {};
  }

 private:
  Component Overlong(const Response& response, int64_t limit, bool exceeds) const {
    const int64_t margin =
        options_.margin_tokens > 0 ? options_.margin_tokens : std::max<int64_t>(1, limit / 5);
    Component verdict{.judged = true};
    if (exceeds) {
      verdict.score = -1;
    } else if (response.num_tokens > limit - margin) {
      verdict.score =
          static_cast<double>(limit - margin - response.num_tokens) / static_cast<double>(margin);
    }
    verdict.reason = fmt::format("{} tokens of {}, margin {}{}", response.num_tokens, limit, margin,
                                 response.truncated ? ", cut off" : "");
    return verdict;
  }

  Component Cosine(const Response& response, int64_t limit, bool exceeds) const {
    const Component* solved =
        response.own == nullptr ? nullptr : FindComponent(*response.own, options_.solved);
    if (solved == nullptr || !solved->judged) {
      return {.reason = fmt::format("'{}' could not judge the answer", options_.solved)};
    }
    const std::vector<double>& ends = Solves(*solved) ? options_.correct : options_.wrong;
    const double share = static_cast<double>(response.num_tokens) / static_cast<double>(limit);
    Component verdict{.judged = true};
    verdict.score =
        exceeds ? options_.exceeded
                : ends[1] + (ends[0] - ends[1]) * (1 + std::cos(std::numbers::pi * share)) / 2;
    verdict.reason = fmt::format("{} tokens of {}, {}{}", response.num_tokens, limit,
                                 Solves(*solved) ? "right" : "wrong", exceeds ? ", too long" : "");
    return verdict;
  }

  Component Adaptive(const Response& response, int64_t limit) const {
    int64_t judged = 0;
    int64_t solved = 0;
    for (const Verdict* verdict : response.group) {
      const Component* component = FindComponent(*verdict, options_.solved);
      if (component == nullptr || !component->judged) continue;
      ++judged;
      solved += Solves(*component) ? 1 : 0;
    }
    if (judged == 0) {
      return {.reason = response.group.empty()
                            ? "the other responses to the problem are not known"
                            : fmt::format("'{}' judged none of the group", options_.solved)};
    }
    const double rate =
        static_cast<double>(std::max<int64_t>(solved, 1)) / static_cast<double>(judged);
    const double share =
        static_cast<double>(std::min(response.num_tokens, limit)) / static_cast<double>(limit);
    Component verdict{.judged = true, .score = -share * rate};
    verdict.reason = fmt::format("{} tokens of {}, {} of {} responses solve the problem",
                                 response.num_tokens, limit, solved, judged);
    return verdict;
  }

  LengthOptions options_;
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"length">(const ConfigValue& entry) {
  return std::make_unique<LengthReward>(ReadRewardOptions<LengthOptions>(entry));
}

}  // namespace rationale
