// Suite: a problem's tests, read from the forms data sets publish them in.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "datasets/problem.h"

namespace rationale {

// A run of the program: what it is given on standard input and what it should write.
struct StdioTest {
  std::string input;
  std::string output;
};

// A call of the function under test. JSON texts.
struct CallTest {
  std::string arguments;              // an array
  std::vector<std::string> accepted;  // any of these is right
};

// Exactly one of the three kinds of test is there.
struct TestSuite {
  std::vector<StdioTest> stdio;
  std::vector<CallTest> calls;
  std::vector<std::string> scripts;  // Python: assertions, check(candidate), unittest cases

  std::string function;            // whom `calls` call
  std::string entry_point;         // whom scripts call `candidate`
  std::string given;               // Python that the problem gives: imports, helpers, the signature
  std::vector<std::string> setup;  // Python run before the scripts, as part of the tests
  std::string language;            // the program's, if the problem names one
};

// The fields that are looked for, in this order, where no option names one.
//   test_list, with test_imports and test_setup_code (MBPP): a list of assertions
//   test, with entry_point and prompt (HumanEval): a script that defines check(candidate)
//   input_output (APPS, TACO): {"inputs": [..], "outputs": [..], "fn_name"?: ..}
//   public_test_cases, private_test_cases with metadata.func_name (LiveCodeBench):
//     [{"input", "output", "testtype": "stdin" | "functional"}]
//   verification_info (open-r1): {"language", "test_cases": [{"type", "input", "output",
//     "fn_name"?}]}
//   tests, test_cases, and the problem's reference: any of these forms
// Throws Error naming the problem and the field when there are no tests, or none that can be read.
TestSuite ReadTests(const Problem& problem, std::string_view field);

}  // namespace rationale
