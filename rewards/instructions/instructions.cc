// Instructions: does the answer keep to what was asked of its form?
//
// Score: the share of the instructions that are followed, or with `all` 1 if all are, else 0; in
// [0, 1]. The instructions and their arguments stand in the problem's columns (IFEval's own by
// default) or in the rubric, for all problems alike. What is checked is the text inside <answer>
// where there is one, else all behind the thought; an empty one follows nothing. Which instructions
// there are: checks.h. Zhou et al. 2023, IFEval, arXiv:2311.07911; `loose` is its section 3's: an
// instruction is followed if any of eight variants of the text does, without the first line, the
// last, or both, and with or without asterisks. Not judged: a problem without instructions, or with
// one that is not known or lacks an argument.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "rewards/instructions/checks.h"
#include "rewards/options.h"
#include "rewards/references.h"
#include "rewards/registry.h"
#include "rewards/sections.h"

namespace rationale {
namespace {

struct InstructionsOptions {
  std::string names = "instruction_id_list";
  std::string arguments = "kwargs";
  std::vector<ConfigValue> instructions;
  bool all = false;
  bool loose = false;

  template <class V>
  void Visit(V& v) {
    v("names", names, "the column with the names of a problem's instructions, a JSON list");
    v("arguments", arguments, "the column with their arguments, a JSON list of objects");
    v("instructions", instructions,
      "instructions of every problem instead: tables with the `name` and the arguments");
    v("all", all, "score 1 if all are followed, else 0");
    v("loose", loose, "any of eight variants of the answer may follow them");
  }
};

struct Instruction {
  const InstructionCheck* check = nullptr;
  rapidjson::Document arguments;  // an object
};
using Instructions = std::vector<Instruction>;

const InstructionCheck& FindCheck(std::string_view name) {
  for (const InstructionCheck& check : AllInstructionChecks()) {
    if (check.name == name) return check;
  }
  throw Error("there is no instruction '{}'", name);
}

// The problem's instructions. Throws Error for what is wrong with its columns.
Instructions ReadInstructions(const std::string& names_text, const std::string* arguments_text) {
  const auto names = ReadStringList(names_text);
  if (!names) throw Error("the instructions' names are no JSON list of strings");
  Instructions instructions;
  rapidjson::Document arguments(rapidjson::kArrayType);
  if (arguments_text != nullptr) arguments = ParseJson(*arguments_text, "the arguments");
  if (!arguments.IsArray()) throw Error("the instructions' arguments are no JSON list");
  for (size_t i = 0; i < names->size(); ++i) {
    Instruction instruction{.check = &FindCheck((*names)[i]), .arguments = {}};
    instruction.arguments.SetObject();
    const auto index = static_cast<rapidjson::SizeType>(i);
    if (index < arguments.Size() && arguments[index].IsObject()) {
      instruction.arguments.CopyFrom(arguments[index], instruction.arguments.GetAllocator());
    }
    instructions.push_back(std::move(instruction));
  }
  return instructions;
}

// Empty lines are no variants.
std::vector<std::string> Variants(std::string_view text) {
  const size_t first = text.find('\n');
  const size_t last = text.rfind('\n');
  const std::string_view behind =
      first == std::string_view::npos ? std::string_view() : text.substr(first + 1);
  const std::string_view before =
      last == std::string_view::npos ? std::string_view() : text.substr(0, last);
  const std::string_view between =
      behind.empty() || last <= first ? std::string_view() : behind.substr(0, last - first - 1);
  std::vector<std::string> variants;
  for (const std::string_view part : {text, behind, before, between}) {
    if (Trim(part).empty()) continue;
    variants.emplace_back(Trim(part));
    std::string plain(Trim(part));
    std::erase(plain, '*');
    if (plain.size() != Trim(part).size() && !Trim(plain).empty()) variants.push_back(plain);
  }
  return variants;
}

class InstructionsReward final : public Reward {
 public:
  InstructionsReward(InstructionsOptions options, Instructions instructions)
      : options_(std::move(options)), instructions_(std::move(instructions)) {}

  Component Judge(const Response& response) const override {
    try {
      if (!instructions_.empty()) return Check(response.text, instructions_);
      const std::string* names = FindColumn(*response.problem, options_.names);
      if (names == nullptr) {
        return {.reason = fmt::format("the problem has no instructions in '{}'", options_.names)};
      }
      return Check(response.text,
                   ReadInstructions(*names, FindColumn(*response.problem, options_.arguments)));
    } catch (const Error& error) {
      return {.reason = error.what()};
    }
  }

  // Throws Error for arguments that are not what they have to be.
  bool Follows(const std::string& text, const Instruction& instruction) const {
    const JsonObject arguments(instruction.arguments, std::string(instruction.check->name));
    return instruction.check->follows(
        {.text = text, .arguments = arguments, .language = language_});
  }

 private:
  Component Check(std::string_view response, const Instructions& instructions) const {
    if (instructions.empty()) return {.reason = "the problem has no instructions"};
    const std::string_view text = Trim(PartOf(response, Part::kAnswer));
    Component verdict{.judged = true};
    if (text.empty()) {
      verdict.reason = "the answer is empty";
      return verdict;
    }
    const std::vector<std::string> variants =
        options_.loose ? Variants(text) : std::vector{std::string(text)};
    std::vector<std::string_view> broken;
    for (const Instruction& instruction : instructions) {
      const bool followed =
          std::any_of(variants.begin(), variants.end(),
                      [&](const std::string& variant) { return Follows(variant, instruction); });
      if (!followed) broken.push_back(instruction.check->name);
    }
    const auto total = static_cast<double>(instructions.size());
    verdict.score =
        options_.all ? (broken.empty() ? 1 : 0) : 1 - static_cast<double>(broken.size()) / total;
    verdict.reason =
        fmt::format("{} of {} instructions are followed{}{}", instructions.size() - broken.size(),
                    instructions.size(), broken.empty() ? "" : "; not: ", fmt::join(broken, ", "));
    return verdict;
  }

  InstructionsOptions options_;
  Instructions instructions_;  // empty if problems bring their own
  LanguageJudge language_;
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"instructions">(const ConfigValue& entry) {
  auto options = ReadRewardOptions<InstructionsOptions>(entry);
  const InstructionsReward trial({}, {});
  Instructions instructions;
  for (const ConfigValue& table : options.instructions) {
    const std::string name = table.String("name");
    try {
      JsonWriter json;
      WriteJson(table.Without({"name"}), json);
      instructions.push_back({&FindCheck(name), ParseJson(json.Take(), table.Where())});
      trial.Follows("text", instructions.back());  // reads all arguments
    } catch (const Error& error) {
      throw Error("{}: {}", table.Where(), error.what());
    }
  }
  return std::make_unique<InstructionsReward>(std::move(options), std::move(instructions));
}

}  // namespace rationale
