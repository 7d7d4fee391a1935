// LabelledCase: see labelled_case.h.

#include "rewards/math/labelled_case.h"

#include <string_view>

namespace rationale {
namespace {

std::string OptionsFor(const JsonObject& config) {
  const rapidjson::Value* targets = config.Find("answer_targets");
  bool latex = targets == nullptr;
  bool expression = targets == nullptr;
  if (targets != nullptr) {
    for (const auto& target : targets->GetArray()) {
      const std::string_view type = target["type"].GetString();
      latex |= type == "LatexExtractionConfig";
      expression |= type == "ExprExtractionConfig";
    }
  }
  std::string options;
  if (!latex) {
    options = "order = ['boxed', 'phrase', 'last_number']\n";
  } else if (expression) {
    options =
        "order = ['boxed', 'hashes', 'phrase', 'whole', 'conclusion', 'latex', 'last_number']\n";
  }
  const auto settings = config.OptionalObject("verify_kw");
  if (settings && settings->Has("float_rounding")) {
    options += "decimals = " + std::to_string(settings->Get<int64_t>("float_rounding")) + "\n";
    const bool relations = settings->Get<bool>("allow_set_relation_comp");
    options +=
        relations ? "relations_answer_sets = 'always'\n" : "relations_answer_sets = 'never'\n";
    if (!settings->Get<bool>("strict")) options += "rename_variables = true\n";
  }
  return options;
}

}  // namespace

LabelledCase ReadLabelledCase(const JsonObject& row) {
  LabelledCase result{.id = row.Get<std::string>("id"),
                      .answer = row.Get<std::string>("answer"),
                      .reference = row.Get<std::string>("gold")};
  result.options = row.Get<std::string>("options", "");
  if (const auto config = row.OptionalObject("config")) result.options += OptionsFor(*config);
  if (const auto* expected = row.Find("expected"); expected != nullptr && !expected->IsNull()) {
    result.expected = row.Get<bool>("expected");
  }
  return result;
}

}  // namespace rationale
