// Verdict: what the rewards say of one response. Three-valued: judged with a score, or could not
// judge.

#pragma once

#include <string>
#include <vector>

namespace rationale {

// One reward's opinion.
struct Component {
  std::string name = {};  // as the rubric calls it
  bool judged =
      false;  // false: could not judge (a verifier broke, a needed field is missing), never "wrong"
  double score = 0;   // the reward's own range, usually [0, 1]; meaningless unless judged
  double weight = 1;  // its weight in the rubric
  std::string reason =
      {};  // for a person: what was extracted, from where, what it was compared with, by which rule
  std::string answer =
      {};  // the answer taken from the response, as compared; empty: none. Majority votes count it
};

// The rubric's opinion: judged only if every component of non-zero weight is. An unjudged response
// is kept out of the gradient, counted and shown.
struct Verdict {
  bool judged = false;
  double score = 0;  // the weighted sum of the components; meaningless unless judged
  std::vector<Component> components = {};
};

}  // namespace rationale
