#include "datasets/templates.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "base/spelling.h"
#include "datasets/language_names.h"

namespace rationale {
namespace {

constexpr std::string_view kR1Zero =
    "A conversation between User and Assistant. The user asks a question, and the Assistant solves "
    "it. The assistant first thinks about the reasoning process in the mind and then provides the "
    "user with the answer. The reasoning process and answer are enclosed within <think> </think> "
    "and <answer> </answer> tags, respectively, i.e., <think> reasoning process here </think> "
    "<answer> answer here </answer>.";
constexpr std::string_view kInTheLanguage =
    " Both the reasoning process and the answer are written in {language_name}.";
constexpr std::string_view kTurns = "\nUser: {prompt}\nAssistant:";
constexpr std::string_view kAfterSystem = "{system}\n\n{prompt}";  // plain, with a system prompt

// Replaces the placeholders of `text` in one pass.
std::string Fill(std::string_view text, const Problem& problem, std::string_view prompt,
                 std::string_view system) {
  std::string result;
  while (!text.empty()) {
    const size_t brace = text.find('{');
    result += text.substr(0, brace);
    if (brace == std::string_view::npos) break;
    text.remove_prefix(brace);
    const auto take = [&](std::string_view placeholder) {
      if (!text.starts_with(placeholder)) return false;
      text.remove_prefix(placeholder.size());
      return true;
    };
    const auto language = [&] {
      if (problem.language.empty()) {
        throw Error(
            "problem {}: the template names the language and the problem has none; set "
            "data.language or data.fields.language",
            problem.id);
      }
      return std::string_view(problem.language);
    };
    if (take("{prompt}")) {
      result += prompt;
    } else if (take("{system}")) {
      result += system;
    } else if (take("{language_name}")) {
      const std::string_view name = LanguageName(language());
      result += name.empty() ? language() : name;
    } else if (take("{language}")) {
      result += language();
    } else {
      result += '{';
      text.remove_prefix(1);
    }
  }
  return result;
}

}  // namespace

// A problem as turns: its messages, or its prompt as the only one. Views into the problem.
struct PromptTemplate::Turns {
  const std::string* system = nullptr;
  std::vector<std::pair<std::string_view, std::string_view>> others;  // role, content
};

PromptTemplate::Turns PromptTemplate::TurnsOf(const Problem& problem) {
  Turns turns;
  for (const Message& message : problem.messages) {
    if (message.role == "system") {
      if (turns.system != nullptr || !turns.others.empty()) {
        throw Error("problem {}: a system message that is not the first message", problem.id);
      }
      turns.system = &message.content;
    } else if (message.role == "user" || message.role == "assistant") {
      turns.others.emplace_back(message.role, message.content);
    } else {
      throw Error("problem {}: a message's role is '{}', allowed: system, user, assistant",
                  problem.id, message.role);
    }
  }
  if (problem.messages.empty()) turns.others.emplace_back("user", problem.prompt);
  if (turns.others.empty() || turns.others.back().first != "user") {
    throw Error("problem {}: its messages do not end with one of the user's", problem.id);
  }
  return turns;
}

// Bare text when `user_open` is empty, else a chat template: every turn between its role's open and
// close.
struct PromptTemplate::Style {
  std::string_view name;
  std::string text{};        // bare text, with placeholders
  std::string_view begin{};  // of a chat, once
  std::string_view system_open{}, system_close{};
  std::string_view user_open{}, user_close{};
  std::string_view assistant_open{}, assistant_close{};
  std::string_view end{};  // the part of assistant_close that the model itself must say
  std::string_view default_system{};
  bool trims = false;            // white space around every message's content is left out
  bool forgets_thought = false;  // an earlier answer is what follows its last </think>

  bool is_chat() const { return !user_open.empty(); }
};

namespace {

constexpr std::string_view kSmolLm2System =
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face";
constexpr std::string_view kQwen25System =
    "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.";

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kWhiteSpace = " \t\n\r\v\f";
  const size_t start = text.find_first_not_of(kWhiteSpace);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kWhiteSpace) - start + 1);
}

std::string_view AfterThought(std::string_view answer) {
  constexpr std::string_view kEnd = "</think>";
  const size_t end = answer.rfind(kEnd);
  return end == std::string_view::npos ? answer : answer.substr(end + kEnd.size());
}

}  // namespace

const std::vector<PromptTemplate::Style>& PromptTemplate::Styles() {
  const auto chatml = [](std::string_view name, std::string_view default_system) {
    return Style{.name = name,
                 .system_open = "<|im_start|>system\n",
                 .system_close = "<|im_end|>\n",
                 .user_open = "<|im_start|>user\n",
                 .user_close = "<|im_end|>\n",
                 .assistant_open = "<|im_start|>assistant\n",
                 .assistant_close = "<|im_end|>\n",
                 .end = "<|im_end|>",
                 .default_system = default_system};
  };
  static const std::vector<Style> kStyles = {
      {.name = "plain", .text = "{prompt}"},
      {.name = "r1_zero", .text = fmt::format("{}{}", kR1Zero, kTurns)},
      {.name = "r1_zero_multilingual",
       .text = fmt::format("{}{}{}", kR1Zero, kInTheLanguage, kTurns)},
      chatml("chatml", ""),
      chatml("smollm2", kSmolLm2System),
      chatml("qwen2.5", kQwen25System),
      {.name = "llama3",
       .begin = "<|begin_of_text|>",
       .system_open = "<|start_header_id|>system<|end_header_id|>\n\n",
       .system_close = "<|eot_id|>",
       .user_open = "<|start_header_id|>user<|end_header_id|>\n\n",
       .user_close = "<|eot_id|>",
       .assistant_open = "<|start_header_id|>assistant<|end_header_id|>\n\n",
       .assistant_close = "<|eot_id|>",
       .end = "<|eot_id|>",
       .trims = true},
      {.name = "deepseek",
       .begin = "<｜begin▁of▁sentence｜>",
       .user_open = "<｜User｜>",
       .assistant_open = "<｜Assistant｜>",
       .assistant_close = "<｜end▁of▁sentence｜>",
       .end = "<｜end▁of▁sentence｜>",
       .forgets_thought = true},
  };
  return kStyles;
}

PromptTemplate::PromptTemplate(std::string_view name_or_text, std::string system)
    : text_(name_or_text), system_(std::move(system)) {
  for (const Style& style : Styles()) {
    if (style.name == name_or_text) style_ = &style;
  }
  if (style_ != nullptr) {
    text_ = style_->text;
    if (system_.empty()) system_ = style_->default_system;
  } else if (text_.find("{prompt}") == std::string::npos) {
    const std::vector<std::string> names = Names();
    throw Error(
        "data.template: found '{}', allowed: {}, or a text with {{prompt}} in it; nearest: {}",
        name_or_text, fmt::join(names, ", "), NearestName(name_or_text, names));
  }
  if (!system_.empty() && !has_system()) {
    throw Error("data.system: the template '{}' has no place for a system prompt", name_or_text);
  }
}

std::string PromptTemplate::Prompt(const Problem& problem) const {
  const Turns turns = TurnsOf(problem);
  const std::string system =
      turns.system != nullptr ? *turns.system : Fill(system_, problem, "{prompt}", "{system}");
  return is_chat() ? ChatPrompt(turns, system) : TextPrompt(problem, turns, system);
}

std::string PromptTemplate::ChatPrompt(const Turns& turns, std::string_view system) const {
  std::string text(style_->begin);
  const auto add = [&](std::string_view open, std::string_view content, std::string_view close) {
    if (style_->trims) content = Trim(content);
    text.append(open).append(content).append(close);
  };
  if (!system.empty()) add(style_->system_open, system, style_->system_close);
  for (const auto& [role, content] : turns.others) {
    if (role == "user") {
      add(style_->user_open, content, style_->user_close);
    } else {
      add(style_->assistant_open, style_->forgets_thought ? AfterThought(content) : content,
          style_->assistant_close);
    }
  }
  return text.append(style_->assistant_open);
}

std::string PromptTemplate::TextPrompt(const Problem& problem, const Turns& turns,
                                       std::string_view system) const {
  if (turns.others.size() > 1) {
    throw Error(
        "problem {}: it has {} turns, the template holds one; use a chat template such as chatml",
        problem.id, turns.others.size());
  }
  if (!system.empty() && !has_system()) {
    throw Error(
        "problem {}: the template has no place for its system message; use a chat template such as "
        "chatml, or put {{system}} in the template",
        problem.id);
  }
  const bool system_first = style_ != nullptr && !system.empty();  // only plain gets here with one
  return Fill(system_first ? kAfterSystem : text_, problem, turns.others.front().second, system);
}

bool PromptTemplate::has_system() const {
  if (style_ != nullptr) return is_chat() || style_->name == "plain";
  return text_.find("{system}") != std::string::npos;
}

bool PromptTemplate::is_chat() const {
  return style_ != nullptr && style_->is_chat();
}

std::string_view PromptTemplate::end() const {
  return is_chat() ? style_->end : std::string_view();
}

std::vector<std::string> PromptTemplate::Names() {
  std::vector<std::string> names;
  for (const Style& style : Styles()) names.emplace_back(style.name);
  return names;
}

}  // namespace rationale
