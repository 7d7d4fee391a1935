// Length: shaping by the number of response tokens.
//
// "overlong": DAPO's soft punishment. With L tokens, a limit M and a margin C of it:
//   0 if L <= M - C;   (M - C - L) / C if M - C < L <= M;   -1 if L > M or the response was cut
//   off.
// Yu et al. 2025, DAPO, arXiv:2503.14476, equation 13. Range [-1, 0].

#include <fmt/format.h>

#include <algorithm>

#include "rewards/options.h"
#include "rewards/registry.h"

namespace rationale {
namespace {

struct LengthOptions {
  int64_t max_tokens = 0;
  int64_t margin_tokens = 0;

  template <class V>
  void Visit(V& v) {
    v("max_tokens", max_tokens, "M; 0: the limit the response was generated under", AtLeast(0));
    v("margin_tokens", margin_tokens, "C; 0: a fifth of M", AtLeast(0));
  }
};

class LengthReward final : public Reward {
 public:
  explicit LengthReward(const LengthOptions& options) : options_(options) {}

  Component Judge(const Response& response) const override {
    const int64_t limit = options_.max_tokens > 0 ? options_.max_tokens : response.max_tokens;
    if (response.num_tokens <= 0 || limit <= 0)
      return {.reason = "the number of tokens or their limit is not known"};
    const int64_t margin =
        options_.margin_tokens > 0 ? options_.margin_tokens : std::max<int64_t>(1, limit / 5);
    Component verdict{.judged = true};
    if (response.truncated || response.num_tokens > limit) {
      verdict.score = -1;
    } else if (response.num_tokens > limit - margin) {
      verdict.score =
          static_cast<double>(limit - margin - response.num_tokens) / static_cast<double>(margin);
    }
    verdict.reason = fmt::format("{} tokens of {}, margin {}{}", response.num_tokens, limit, margin,
                                 response.truncated ? ", cut off" : "");
    return verdict;
  }

 private:
  LengthOptions options_;
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"length">(const ConfigValue& entry) {
  return std::make_unique<LengthReward>(ReadRewardOptions<LengthOptions>(entry));
}

}  // namespace rationale
