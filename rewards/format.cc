// Format: does the response keep R1's template, <think> thought </think> <answer> answer </answer>?
//
// Score 1 if each of the four tags occurs exactly once, in that order, with nothing but white space
// before, between and after, and both thought and answer hold a letter, a digit or a sign; else 0.
// DeepSeek-AI 2025, DeepSeek-R1, arXiv:2501.12948, section 2.2.2. That an empty thought or answer
// earns nothing is ours: without it the format alone can be collected by saying nothing.

#include <fmt/format.h>

#include <array>
#include <cctype>

#include "rewards/options.h"
#include "rewards/registry.h"
#include "rewards/sections.h"

namespace rationale {
namespace {

struct FormatOptions {
  bool thought_opened = false;
  bool answer_tag = true;

  template <class V>
  void Visit(V& v) {
    v("thought_opened", thought_opened,
      "the prompt ends with <think>: the response begins inside the thought");
    v("answer_tag", answer_tag,
      "the answer stands in <answer>; false: it is all that follows </think>");
  }
};

bool HasContent(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte) != 0) return true;
  }
  return false;
}

class FormatReward final : public Reward {
 public:
  explicit FormatReward(const FormatOptions& options) : options_(options) {}

  Component Judge(const Response& response) const override {
    Component verdict{.judged = true};
    verdict.reason = Fault(response.text);
    verdict.score = verdict.reason.empty() ? 1 : 0;
    if (verdict.reason.empty()) verdict.reason = "the template is kept";
    return verdict;
  }

 private:
  // What is wrong with the format, empty if nothing is.
  std::string Fault(std::string_view text) const {
    constexpr std::array<std::string_view, 4> kTags = {"<think>", "</think>", "<answer>",
                                                       "</answer>"};
    std::array<std::string_view, 5> pieces;  // before, between and after the tags
    std::string_view rest = text;
    const size_t first = options_.thought_opened ? 1 : 0;
    const size_t end = options_.answer_tag ? kTags.size() : 2;
    for (size_t i = 0; i < kTags.size(); ++i) {
      const int count = CountOccurrences(text, kTags[i]);
      const int wanted = i >= first && i < end ? 1 : 0;
      if (count != wanted)
        return fmt::format("{} occurs {} times instead of {}", kTags[i], count, wanted);
      if (wanted == 0) continue;
      const size_t at = rest.find(kTags[i]);
      if (at == std::string_view::npos) return fmt::format("{} is out of order", kTags[i]);
      pieces[i] = rest.substr(0, at);
      rest.remove_prefix(at + kTags[i].size());
    }
    pieces[end] = rest;
    const std::string_view answer = options_.answer_tag ? pieces[3] : rest;
    if (!HasContent(pieces[1])) return "the thought is empty";
    if (!HasContent(answer)) return "the answer is empty";
    if (first == 0 && !Trim(pieces[0]).empty()) return "there is text before <think>";
    if (options_.answer_tag && !Trim(pieces[2]).empty())
      return "there is text between </think> and <answer>";
    if (options_.answer_tag && !Trim(pieces[4]).empty()) return "there is text behind </answer>";
    return "";
  }

  FormatOptions options_;
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"format">(const ConfigValue& entry) {
  return std::make_unique<FormatReward>(ReadRewardOptions<FormatOptions>(entry));
}

}  // namespace rationale
