#include "rewards/code/suite.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "rewards/sections.h"

namespace rationale {
namespace {

std::string_view FieldOf(const Problem& problem, std::string_view name) {
  if (name == "reference") return problem.reference;
  const auto found = problem.fields.find(std::string(name));
  return found == problem.fields.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view FindTests(const Problem& problem, std::string_view field, std::string& name) {
  const std::vector<std::string_view> usual = {
      "test_list",         "test",  "input_output", "private_test_cases", "public_test_cases",
      "verification_info", "tests", "test_cases",   "reference"};
  for (const std::string_view candidate : field.empty() ? usual : std::vector{field}) {
    const std::string_view text = Trim(FieldOf(problem, candidate));
    if (text.empty() || text == "[]") continue;
    // LiveCodeBench publishes its private tests packed as a Python object: not data one may read.
    if (candidate == "private_test_cases" && text[0] != '[') continue;
    name = candidate;
    return text;
  }
  if (!field.empty()) throw Error("problem {}: no tests in the field '{}'", problem.id, field);
  throw Error("problem {}: no tests in any of the fields {}", problem.id, fmt::join(usual, ", "));
}

// Text as it is, anything else as JSON.
std::string TextOf(const rapidjson::Value& value) {
  return value.IsString() ? std::string(value.GetString(), value.GetStringLength())
                          : JsonText(value);
}

// Lines of an input or an output may come as a list.
std::string LinesOf(const rapidjson::Value& value) {
  if (!value.IsArray()) return TextOf(value);
  std::string text;
  for (const auto& line : value.GetArray()) text += TextOf(line) + "\n";
  return text;
}

class Reader {
 public:
  Reader(const Problem& problem, std::string where) : problem_(problem), where_(std::move(where)) {}

  TestSuite Read(std::string_view text) {
    if (text[0] == '[' || text[0] == '{') {
      const auto document = ParseJson(text, where_);
      if (document.IsArray()) ReadList(document);
      if (document.IsObject()) ReadObject(JsonObject(document, where_));
    } else {
      suite_.scripts.emplace_back(text);
    }
    if (!suite_.scripts.empty()) ReadBesideScripts();
    if (suite_.function.empty()) suite_.function = FunctionName();
    const bool mixed = !suite_.stdio.empty() + !suite_.calls.empty() + !suite_.scripts.empty() != 1;
    if (mixed) throw Error("{}: found no tests, or several kinds of them", where_);
    if (!suite_.calls.empty() && suite_.function.empty()) {
      throw Error("{}: found function calls without the function's name", where_);
    }
    return std::move(suite_);
  }

 private:
  void ReadList(const rapidjson::Value& tests) {
    for (const auto& test : tests.GetArray()) {
      if (test.IsString()) {
        suite_.scripts.push_back(TextOf(test));
      } else {
        ReadTest(JsonObject(test, where_));
      }
    }
  }

  // One test with its input and output.
  void ReadTest(const JsonObject& test) {
    const auto kind =
        test.Get<std::string>("testtype", test.Get<std::string>("type", "stdin_stdout"));
    if (kind == "stdin" || kind == "stdin_stdout") {
      suite_.stdio.push_back({LinesOf(test.Required("input")), LinesOf(test.Required("output"))});
      return;
    }
    if (kind != "functional" && kind != "function_call") {
      throw Error("{}: found a test of type '{}', allowed: stdin_stdout, functional", where_, kind);
    }
    suite_.function = test.Get<std::string>("fn_name", suite_.function);
    const rapidjson::Value& input = test.Required("input");
    suite_.calls.push_back({input.IsArray() ? JsonText(input) : ArgumentLines(TextOf(input)),
                            {TextOf(test.Required("output"))}});
    ParseJson(suite_.calls.back().accepted[0], where_ + ": output");
  }

  // One JSON value a line: the arguments.
  std::string ArgumentLines(std::string_view text) {
    std::string list;
    while (!text.empty()) {
      const size_t end = text.find('\n');
      const std::string_view line = Trim(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (line.empty()) continue;
      ParseJson(line, where_ + ": input");
      list += (list.empty() ? "" : ", ") + std::string(line);
    }
    return "[" + list + "]";
  }

  void ReadObject(const JsonObject& object) {
    suite_.language = object.Get<std::string>("language", "");
    suite_.function = object.Get<std::string>("fn_name", "");
    for (const char* list : {"test_cases", "tests"}) {
      if (object.Has(list)) return ReadList(object.Required(list));
    }
    const rapidjson::Value& inputs = object.Required("inputs");
    const rapidjson::Value& outputs = object.Required("outputs");
    if (!inputs.IsArray() || !outputs.IsArray() || inputs.Size() != outputs.Size()) {
      throw Error("{}: inputs and outputs must be lists of one length", where_);
    }
    for (rapidjson::SizeType i = 0; i < inputs.Size(); ++i) {
      if (suite_.function.empty()) {
        suite_.stdio.push_back({LinesOf(inputs[i]), LinesOf(outputs[i])});
        continue;
      }
      if (!inputs[i].IsArray()) throw Error("{}: inputs[{}] must be a list", where_, i);
      CallTest call{JsonText(inputs[i]), {JsonText(outputs[i])}};
      // Published with the result in a list of its own, or without.
      if (outputs[i].IsArray() && outputs[i].Size() == 1) {
        call.accepted.push_back(JsonText(outputs[i][0]));
      }
      suite_.calls.push_back(std::move(call));
    }
  }

  void ReadBesideScripts() {
    suite_.entry_point = Trim(FieldOf(problem_, "entry_point"));
    const std::string_view prompt = FieldOf(problem_, "prompt");
    if (!suite_.entry_point.empty() &&
        prompt.find("def " + suite_.entry_point) != std::string_view::npos) {
      suite_.given = prompt;
    }
    // HumanEval's scripts define check() and leave the call to the harness.
    for (std::string& script : suite_.scripts) {
      const bool defines = script.find("def check(") != std::string::npos;
      if (defines && !suite_.entry_point.empty()) script += "\ncheck(candidate)\n";
    }
    for (const char* name : {"test_imports", "test_setup_code"}) {
      const std::string_view text = FieldOf(problem_, name);
      if (Trim(text).empty()) continue;
      if (text[0] != '[') {
        suite_.setup.emplace_back(text);
        continue;
      }
      const auto lines = ParseJson(text, where_ + ": " + name);
      suite_.setup.push_back(LinesOf(lines));
    }
  }

  // LiveCodeBench keeps it in metadata, a JSON text.
  std::string FunctionName() const {
    const std::string_view metadata = Trim(FieldOf(problem_, "metadata"));
    if (metadata.empty() || metadata[0] != '{') return "";
    const auto document = ParseJson(metadata, where_ + ": metadata");
    return JsonObject(document, where_).Get<std::string>("func_name", "");
  }

  const Problem& problem_;
  std::string where_;
  TestSuite suite_;
};

}  // namespace

TestSuite ReadTests(const Problem& problem, std::string_view field) {
  std::string name;
  const std::string_view text = FindTests(problem, field, name);
  return Reader(problem, fmt::format("problem {}: {}", problem.id, name)).Read(text);
}

}  // namespace rationale
