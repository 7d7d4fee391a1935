// Verdict: what the rewards say of one response: judged with a score, or could not judge.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rationale {

// One reward's opinion.
struct Component {
  std::string name = {};  // as the rubric calls it
  // False: could not judge (a verifier broke, a needed field is missing), never "wrong".
  bool judged = false;
  double score = 0;   // the reward's own range, usually [0, 1]; meaningless unless judged
  double weight = 1;  // its weight in the rubric
  // For a person: what was extracted, from where, what it was compared with, by which rule.
  std::string reason = {};
  // The answer taken from the response, as compared; empty: none. Majority votes count it.
  std::string answer = {};
};

// The rubric's opinion: judged only if every component of non-zero weight is. An unjudged response
// is kept out of the gradient, counted and shown.
struct Verdict {
  bool judged = false;
  double score = 0;  // the weighted sum of the components; meaningless unless judged
  std::vector<Component> components = {};
};

// The component of that name; null if there is none.
inline const Component* FindComponent(const Verdict& verdict, std::string_view name) {
  for (const Component& component : verdict.components) {
    if (component.name == name) return &component;
  }
  return nullptr;
}

}  // namespace rationale
