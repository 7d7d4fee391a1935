// Arguments: CLI11's errors as ours.

#include "rl/cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/spelling.h"
#include "rl/cli/output.h"

namespace rationale {

namespace {

CLI::Validator NumberCheck(const char* name, const char* allowed, bool (*holds)(double)) {
  const auto check = [=](const std::string& text) {
    double number = 0;
    const bool ok = CLI::detail::lexical_cast(text, number) && holds(number);
    return ok ? std::string() : fmt::format("found {}, allowed: a number {}", text, allowed);
  };
  return {check, name};
}

}  // namespace

CLI::Validator Positive() {
  return NumberCheck("POSITIVE", "above 0", [](double number) { return number > 0; });
}

CLI::Validator NonNegative() {
  return NumberCheck("NONNEGATIVE", "of at least 0", [](double number) { return number >= 0; });
}

Arguments::Arguments(const std::string& command, const std::string& summary,
                     const std::string& examples)
    : CLI::App(summary, "rationale " + command) {
  footer(
      "\nExamples:\n" + examples +
      "\nExit codes: 0 done, 1 failed, 2 the input was wrong (the message says what and where).");
  option_defaults()->always_capture_default();
  get_formatter()->column_width(34);
}

bool Arguments::Parse(int argc, char** argv) {
  for (CLI::Option* option : get_options()) {
    if (option->get_default_str() == "[]") option->default_str("");  // an empty list's, in the help
  }
  const std::string see = "See " + get_name() + " --help";
  try {
    parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    Print(help());
    return false;
  } catch (const CLI::ExtrasError&) {
    const std::string extra = remaining().at(0);
    if (!extra.starts_with('-')) throw Error("unexpected argument '{}'. {}", extra, see);
    std::vector<std::string> names;
    for (const CLI::Option* option : get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    throw Error("unknown option '{}'; did you mean '{}'? {}", extra,
                NearestName(extra.substr(0, extra.find('=')), names), see);
  } catch (const CLI::ParseError& error) {
    throw Error("{}. {}", error.what(), see);
  }
  return true;
}

}  // namespace rationale
