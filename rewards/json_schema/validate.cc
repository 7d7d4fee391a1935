// Schema: validating; see schema.h.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "rewards/json_schema/schema.h"
#include "rewards/json_schema/values.h"
#include "rewards/utf8.h"

namespace rationale {
namespace {

using Value = rapidjson::Value;

const Value* Find(const Value& object, std::string_view name) {
  const Value key(rapidjson::StringRef(name.data(), name.size()));
  const auto member = object.FindMember(key);
  return member == object.MemberEnd() ? nullptr : &member->value;
}

int64_t CountCharacters(std::string_view text) {
  int64_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) NextCodePoint(text, at);
  return count;
}

bool HasType(const Value& value, std::string_view type) {
  if (type == "null") return value.IsNull();
  if (type == "boolean") return value.IsBool();
  if (type == "integer") return value.IsNumber() && IsInteger(value);
  if (type == "number") return value.IsNumber();
  if (type == "string") return value.IsString();
  if (type == "array") return value.IsArray();
  return value.IsObject();
}

}  // namespace

// One value against one schema. Once `undecided_`, every answer is false and means nothing.
class SchemaValidator {
 public:
  SchemaValidator(const Schema& schema, int64_t steps) : schema_(schema), steps_(steps) {}

  Schema::Result Run(const Value& value) {
    const bool valid = Allows(schema_.document_, value);
    if (undecided_) return {.decided = false, .valid = false, .reason = {}};
    return {.decided = true, .valid = valid, .reason = valid ? std::string() : reason_};
  }

 private:
  bool Allows(const Value& schema, const Value& value) {
    // 256 levels of the value, each by a few schemas; more is a $ref that goes round in circles.
    constexpr int kDepthMax = 1500;
    if (!Spend(1) || depth_ >= kDepthMax) return Undecided();
    if (schema.IsBool()) return schema.GetBool() || Fails("false");
    ++depth_;
    const bool allowed = AllowsObject(schema, value);
    --depth_;
    return allowed && !undecided_;
  }

  bool AllowsObject(const Value& schema, const Value& value) {
    if (const Value* reference = Find(schema, "$ref")) {
      if (!Allows(*schema_.targets_.at(reference), value)) return false;
      if (schema_.reference_stands_alone_) return true;
    }
    if (!AllowsAny(schema, value) || !AllowsBySchemas(schema, value)) return false;
    if (value.IsNumber()) return AllowsNumber(schema, value);
    if (value.IsString()) return AllowsString(schema, value);
    if (value.IsArray()) return AllowsArray(schema, value);
    return !value.IsObject() || (AllowsMembers(schema, value) && AllowsNames(schema, value));
  }

  bool AllowsAny(const Value& schema, const Value& value) {
    if (const Value* type = Find(schema, "type")) {
      const auto has = [&](const Value& name) { return HasType(value, StringOf(name)); };
      const bool fits = type->IsArray() ? std::any_of(type->Begin(), type->End(), has) : has(*type);
      if (!fits) return Fails("type");
    }
    if (const Value* constant = Find(schema, "const")) {
      if (!Equal(*constant, value)) return Fails("const");
    }
    if (const Value* values = Find(schema, "enum")) {
      const auto equals = [&](const Value& one) { return Equal(one, value); };
      if (std::none_of(values->Begin(), values->End(), equals)) return Fails("enum");
    }
    return true;
  }

  bool AllowsBySchemas(const Value& schema, const Value& value) {
    if (const Value* all = Find(schema, "allOf")) {
      for (const Value& part : all->GetArray()) {
        if (!Allows(part, value)) return false;
      }
    }
    if (const Value* any = Find(schema, "anyOf")) {
      if (CountAllowing(*any, value, 1) < 1) return Fails("anyOf");
    }
    if (const Value* one = Find(schema, "oneOf")) {
      if (CountAllowing(*one, value, 2) != 1) return Fails("oneOf");
    }
    if (const Value* other = Find(schema, "not")) {
      if (Tries(*other, value)) return Fails("not");
    }
    if (const Value* condition = Find(schema, "if")) {
      const Value* branch = Find(schema, Tries(*condition, value) ? "then" : "else");
      if (branch != nullptr && !Allows(*branch, value)) return false;
    }
    return true;
  }

  bool AllowsNumber(const Value& schema, const Value& value) {
    if (const Value* divisor = Find(schema, "multipleOf")) {
      if (!IsMultiple(value, *divisor)) return Fails("multipleOf");
    }
    return InBound(schema, value, "minimum", "exclusiveMinimum", 1) &&
           InBound(schema, value, "maximum", "exclusiveMaximum", -1);
  }

  // `sign` 1 for a lower bound, -1 for an upper one. An exclusive bound is a number, or in draft 4
  // whether the bound is.
  bool InBound(const Value& schema, const Value& value, std::string_view bound,
               std::string_view exclusive, int sign) {
    const Value* outer = Find(schema, exclusive);
    if (const Value* inner = Find(schema, bound)) {
      const int order = CompareNumbers(value, *inner) * sign;
      const bool strict = outer != nullptr && outer->IsBool() && outer->GetBool();
      if (order < 0 || (strict && order == 0)) return Fails(bound);
    }
    if (outer != nullptr && outer->IsNumber() && CompareNumbers(value, *outer) * sign <= 0) {
      return Fails(exclusive);
    }
    return true;
  }

  bool AllowsString(const Value& schema, const Value& value) {
    if (!HasCount(schema, CountCharacters(StringOf(value)), "minLength", "maxLength")) return false;
    const Value* pattern = Find(schema, "pattern");
    return pattern == nullptr || Matches(*pattern, StringOf(value)) || Fails("pattern");
  }

  bool AllowsArray(const Value& schema, const Value& value) {
    if (!HasCount(schema, value.Size(), "minItems", "maxItems")) return false;
    const Value* unique = Find(schema, "uniqueItems");
    if (unique != nullptr && unique->GetBool() && HasEqualItems(value)) return Fails("uniqueItems");
    const Value* items = Find(schema, "items");
    const Value* first = Find(schema, "prefixItems");
    const Value* rest = items;
    if (items != nullptr && items->IsArray()) {  // drafts up to 2019-09
      first = items;
      rest = Find(schema, "additionalItems");
    }
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      const Value* item_schema = first != nullptr && i < first->Size() ? &(*first)[i] : rest;
      if (item_schema != nullptr && !AllowsAt(std::to_string(i), *item_schema, value[i]))
        return false;
    }
    return AllowsContained(schema, value);
  }

  bool AllowsContained(const Value& schema, const Value& value) {
    const Value* contained = Find(schema, "contains");
    if (contained == nullptr) return true;
    int64_t count = 0;
    for (const Value& item : value.GetArray()) count += Tries(*contained, item) ? 1 : 0;
    if (Find(schema, "minContains") == nullptr && count == 0) return Fails("contains");
    return HasCount(schema, count, "minContains", "maxContains");
  }

  bool AllowsMembers(const Value& schema, const Value& value) {
    const Value* properties = Find(schema, "properties");
    const Value* patterns = Find(schema, "patternProperties");
    const Value* others = Find(schema, "additionalProperties");
    const Value* names = Find(schema, "propertyNames");
    if (!HasCount(schema, value.MemberCount(), "minProperties", "maxProperties")) return false;
    for (const auto& member : value.GetObject()) {
      const std::string_view name = StringOf(member.name);
      if (names != nullptr && !AllowsAt(name, *names, member.name)) return false;
      bool known = false;
      if (properties != nullptr) {
        if (!SpendSearch(*properties)) return Undecided();
        const Value* property = Find(*properties, name);
        known = property != nullptr;
        if (known && !AllowsAt(name, *property, member.value)) return false;
      }
      if (patterns != nullptr) {
        for (const auto& pattern : patterns->GetObject()) {
          if (!Matches(pattern.name, name)) continue;
          known = true;
          if (!AllowsAt(name, pattern.value, member.value)) return false;
        }
      }
      if (!known && others != nullptr && !AllowsAt(name, *others, member.value)) return false;
    }
    return true;
  }

  // What has to be there.
  bool AllowsNames(const Value& schema, const Value& value) {
    const Value* required = Find(schema, "required");
    if (required != nullptr && !HasAll(*required, value)) return Fails("required");
    for (const char* keyword : {"dependencies", "dependentRequired", "dependentSchemas"}) {
      const Value* dependencies = Find(schema, keyword);
      if (dependencies == nullptr) continue;
      for (const auto& dependency : dependencies->GetObject()) {
        if (!SpendSearch(value)) return Undecided();
        if (Find(value, StringOf(dependency.name)) == nullptr) continue;
        if (dependency.value.IsArray()) {
          if (!HasAll(dependency.value, value)) return Fails(keyword);
        } else if (!Allows(dependency.value, value)) {
          return false;
        }
      }
    }
    return true;
  }

  bool HasAll(const Value& names, const Value& object) {
    return std::all_of(names.Begin(), names.End(), [&](const Value& name) {
      return SpendSearch(object) && Find(object, StringOf(name)) != nullptr;
    });
  }

  bool HasCount(const Value& schema, int64_t count, std::string_view least_key,
                std::string_view most_key) {
    const auto amount = static_cast<double>(count);
    const Value* least = Find(schema, least_key);
    if (least != nullptr && amount < least->GetDouble()) return Fails(least_key);
    const Value* most = Find(schema, most_key);
    if (most != nullptr && amount > most->GetDouble()) return Fails(most_key);
    return true;
  }

  // How many of the schemas allow the value, counted up to `enough`.
  int CountAllowing(const Value& schemas, const Value& value, int enough) {
    int count = 0;
    for (const Value& part : schemas.GetArray()) {
      count += Tries(part, value) ? 1 : 0;
      if (count == enough) break;
    }
    return count;
  }

  // Allows, where a failure is no fault.
  bool Tries(const Value& schema, const Value& value) {
    ++trials_;
    const bool allowed = Allows(schema, value);
    --trials_;
    return allowed;
  }

  bool AllowsAt(std::string_view place, const Value& schema, const Value& value) {
    place_.emplace_back(place);
    const bool allowed = Allows(schema, value);
    place_.pop_back();
    return allowed;
  }

  bool Matches(const Value& pattern, std::string_view text) {
    constexpr int64_t kSearchSteps = 16;  // to begin one
    if (!Spend(kSearchSteps)) return false;
    const auto found = schema_.patterns_.find(StringOf(pattern));
    const PatternMatch match = found->second.Find(text, steps_);
    if (match.result == PatternMatch::Result::kTooMuchWork ||
        match.result == PatternMatch::Result::kFailed) {
      return Undecided();
    }
    return match.result == PatternMatch::Result::kFound;
  }

  bool Equal(const Value& a, const Value& b) {
    if (a.IsNumber() && b.IsNumber()) return CompareNumbers(a, b) == 0;
    if (a.GetType() != b.GetType()) return false;
    const std::string text = Canonical(a, steps_);
    const bool equal = text == Canonical(b, steps_);
    return steps_ >= 0 ? equal : Undecided();
  }

  bool HasEqualItems(const Value& array) {
    std::vector<std::string> items;
    for (const Value& item : array.GetArray()) items.push_back(Canonical(item, steps_));
    if (steps_ < 0) return Undecided();
    std::sort(items.begin(), items.end());
    return std::adjacent_find(items.begin(), items.end()) != items.end();
  }

  // Looking through an object for a name.
  bool SpendSearch(const Value& object) {
    constexpr int64_t kMembersAStep = 32;
    return Spend(1 + object.MemberCount() / kMembersAStep);
  }

  bool Spend(int64_t steps) {
    steps_ -= steps;
    return (steps_ >= 0 && !undecided_) || Undecided();
  }

  bool Undecided() {
    undecided_ = true;
    return false;
  }

  bool Fails(std::string_view keyword) {
    if (trials_ > 0 || !reason_.empty()) return false;
    reason_ = fmt::format("#{}{} breaks the schema's '{}'", place_.empty() ? "" : "/",
                          fmt::join(place_, "/"), keyword);
    return false;
  }

  const Schema& schema_;
  int64_t steps_;
  int depth_ = 0;
  int trials_ = 0;  // inside how many schemas whose failure is no fault
  bool undecided_ = false;
  std::vector<std::string> place_;
  std::string reason_;
};

Schema::Result Schema::Validate(const Value& value, int64_t steps) const {
  return SchemaValidator(*this, steps).Run(value);
}

}  // namespace rationale
