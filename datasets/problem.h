// Problem: one task put to the policy, with all that its rewards need to judge the answer.

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

struct Message {
  std::string role;  // "system", "user", "assistant"; in transcripts "tool" too
  std::string content;
};

// Exactly one of `prompt` and `messages` is filled; a template (templates.h) turns either into the
// text that is tokenised.
struct Problem {
  std::string id;  // unique in its data set and stable across runs: random keys are derived from it
  std::string prompt;
  std::vector<Message> messages;
  // The reference answer as published, e.g. "72", "\\frac{1}{2}", "... #### 72"; may be empty.
  std::string reference;
  // The language the chain of thought should be in: "en", "de", "zh", ...; empty: not named.
  std::string language;
  // The source's columns that are not null, strings as they are, others as JSON.
  std::map<std::string, std::string> fields;
};

// The problem as the user put it: the prompt, or the last message of theirs; empty if a chat has
// none.
inline std::string_view UserText(const Problem& problem) {
  for (auto message = problem.messages.rbegin(); message != problem.messages.rend(); ++message) {
    if (message->role == "user") return message->content;
  }
  return problem.prompt;
}

// A problem with the completion a teacher wrote for it: one SFT example.
struct Demonstration {
  Problem problem;
  std::string completion;
};

}  // namespace rationale
