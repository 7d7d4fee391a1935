// What the tests of rewards/code/ share.

#pragma once

#include <gtest/gtest.h>

#include <string>

#include "rewards/rubric.h"

namespace rationale {

// A rubric of the code reward alone, with further options as lines of TOML.
inline Rubric CodeRubric(const std::string& options = "") {
  return Rubric::FromText("[[rewards]]\nname = 'code'\n" + options, "rubric.toml");
}

// A problem in HumanEval's form: `test` defines check(candidate).
inline Problem CheckProblem(const std::string& entry_point, const std::string& test,
                            const std::string& prompt = "") {
  Problem problem{.id = "p"};
  problem.fields = {{"entry_point", entry_point}, {"test", test}, {"prompt", prompt}};
  return problem;
}

// A problem in MBPP's form; `test_list` is JSON.
inline Problem ListProblem(const std::string& test_list, const std::string& setup = "") {
  Problem problem{.id = "p"};
  problem.fields = {{"test_list", test_list}, {"test_setup_code", setup}};
  return problem;
}

// A problem with the tests as JSON in the field `tests`.
inline Problem JsonProblem(const std::string& tests) {
  Problem problem{.id = "p"};
  problem.fields = {{"tests", tests}};
  return problem;
}

inline std::string Fenced(const std::string& program, const std::string& language = "python") {
  return "<think> so </think>\n```" + language + "\n" + program + "\n```\n";
}

inline Component JudgeCode(const Rubric& rubric, const Problem& problem,
                           const std::string& response) {
  return rubric.Judge({.text = response, .problem = &problem}).components[0];
}

// "1", "0.5: reason", "unjudged: reason".
inline std::string VerdictText(const Component& component) {
  if (!component.judged) return "unjudged: " + component.reason;
  if (component.score == 1) return "1";
  return std::to_string(component.score).substr(0, 4) + ": " + component.reason;
}

}  // namespace rationale
