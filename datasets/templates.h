// PromptTemplate: the text a policy is prompted with, made from a problem.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "datasets/problem.h"

namespace rationale {

// One of the named templates, or the user's own text.
//
//   plain     the prompt alone, after the system prompt and an empty line where there is one
//   r1_zero   DeepSeek-R1-Zero's (arXiv:2501.12948, table 1): asks a base model for
//             <think> ... </think> <answer> ... </answer>. The table sets it as one paragraph
//             ending in "User: prompt. Assistant:"; here user and assistant begin their own lines.
//   r1_zero_multilingual   the same, asking that both be written in the problem's language
//   chatml    <|im_start|>role ... <|im_end|>, without a system turn unless one is given (Qwen3)
//   smollm2, qwen2.5   chatml with that model's own default system prompt
//   llama3    <|start_header_id|>role<|end_header_id|> ... <|eot_id|>, contents trimmed
//   deepseek  DeepSeek-V3's and R1's, without a forced <think>; earlier thoughts are left out
//
// or any text with {prompt} in it, replaced there; {system} is where the system prompt goes. All
// else is literal, so "\boxed{}" needs no escaping.
//
// {language} (the code: "de") and {language_name} ("German") are replaced in the system prompt and
// in one's own text. What is inserted is never searched for further placeholders.
//
// The chat templates (chatml and below) hold any number of turns and end where the assistant's
// answer begins. The others hold one user message, and a system message if they have a place for
// it. A problem's own system message wins over the configured one.
class PromptTemplate {
 public:
  // Throws Error for a text that is neither a known name (it names the nearest) nor contains
  // {prompt}, and for a system prompt that the template has no place for.
  explicit PromptTemplate(std::string_view name_or_text, std::string system = "");

  // The text to be tokenised. Throws Error naming the problem for more turns than the template
  // holds, an unknown role, messages that do not end with the user's, and a language that is needed
  // and not known.
  std::string Prompt(const Problem& problem) const;

  // Whether the tokeniser's post-processor should still add its special tokens (a <bos>): yes where
  // the template is bare text, no where it writes every special token itself.
  bool add_special() const { return !is_chat(); }

  // What follows the assistant's answer when one is trained on: "<|im_end|>", or empty: the
  // tokeniser's eos token.
  std::string_view end() const;

  static std::vector<std::string> Names();

 private:
  struct Style;
  struct Turns;
  static const std::vector<Style>& Styles();
  static Turns TurnsOf(const Problem& problem);

  bool is_chat() const;
  bool has_system() const;  // a place for a system prompt
  std::string ChatPrompt(const Turns& turns, std::string_view system) const;
  std::string TextPrompt(const Problem& problem, const Turns& turns, std::string_view system) const;

  const Style* style_ = nullptr;  // the named template; null: the user's own text
  std::string text_;              // with placeholders, if it is no chat template
  std::string system_;
};

}  // namespace rationale
