// Arguments: CLI11's errors as ours.

#include "rl/cli/arguments.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/spelling.h"
#include "rl/cli/output.h"

namespace rationale {

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
