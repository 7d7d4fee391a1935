// JsonSchema: answers held against a schema.

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/rewards/testing.h"

namespace rationale {
namespace {

Problem WithColumn(const std::string& name, const std::string& text) {
  Problem problem;
  problem.fields[name] = text;
  return problem;
}

constexpr char kSchema[] = R"({
  "type": "object", "required": ["name", "age"], "additionalProperties": false,
  "properties": {"name": {"type": "string", "minLength": 1}, "age": {"type": "integer", "exclusiveMinimum": 0},
                 "unit": {"const": "years"}, "tags": {"type": "array", "uniqueItems": true,
                 "items": {"$ref": "#/definitions/tag"}}},
  "definitions": {"tag": {"type": "string", "pattern": "^[a-z]+$"}}})";

Component Schema(std::string_view text, const std::string& schema = kSchema) {
  return JudgeWith("json_schema", "column = 's'\n", text, WithColumn("s", schema));
}

TEST(JsonSchema, AllowsWhatTheSchemaAllows) {
  EXPECT_EQ(Schema(R"({"name": "Ada", "age": 36})").score, 1);
  EXPECT_EQ(Schema("<think>{}</think>\n```json\n{\"name\": \"Ada\", \"age\": 36}\n```").score, 1);
  EXPECT_EQ(
      Schema(R"(<answer>{"name": "Ada", "age": 36, "unit": "years", "tags": ["a", "b"]}</answer>)")
          .score,
      1);
  for (const char* wrong :
       {R"({"name": "Ada"})", R"({"name": "Ada", "age": 0})", R"({"name": "Ada", "age": "36"})",
        R"({"name": "", "age": 36})", R"({"name": "Ada", "age": 36, "more": 1})",
        R"({"name": "Ada", "age": 36, "unit": "months"})",
        R"({"name": "Ada", "age": 36, "tags": ["a", "a"]})",
        R"({"name": "Ada", "age": 36, "tags": ["A"]})", R"({"name": "Ada", "age": 36)",
        R"(Here it is: {"name": "Ada", "age": 36})", R"([{"name": "Ada", "age": 36}])"}) {
    EXPECT_TRUE(Schema(wrong).judged);
    EXPECT_EQ(Schema(wrong).score, 0) << wrong;
  }
  EXPECT_NE(
      Schema(R"({"name": "Ada", "age": "36"})").reason.find("#/age breaks the schema's 'type'"),
      std::string::npos);
}

TEST(JsonSchema, PaysNothingForAnEmptyAnswer) {
  EXPECT_EQ(Schema("", "{}").score, 0);
  EXPECT_EQ(Schema("<think> {} </think>", "{}").score, 0);
}

TEST(JsonSchema, RefusesWhatItWouldPassOver) {
  for (const char* schema : {"no JSON",
                             "7",
                             R"({"tpye": "object"})",
                             R"({"properties": {"a": {"iff": {}}}})",
                             R"({"$ref": "#/definitions/absent"})",
                             R"({"$ref": "other.json"})",
                             R"({"$ref": "#foo"})",
                             R"({"$ref": "#/enum/0", "enum": [{}]})",
                             R"({"type": "obj"})",
                             R"({"type": []})",
                             R"({"minLength": "3"})",
                             R"({"minLength": -1})",
                             R"({"minLength": 1.5})",
                             R"({"multipleOf": 0})",
                             R"({"required": "a"})",
                             R"({"properties": []})",
                             R"({"items": null})",
                             R"({"allOf": {}})",
                             R"({"pattern": "("})",
                             R"({"enum": 3})",
                             R"({"unevaluatedProperties": false})",
                             R"({"items": {"$id": "http://a.b/c"}})",
                             R"({"$schema": "http://example.org/own"})"}) {
    const Component component = Schema("{}", schema);
    EXPECT_FALSE(component.judged) << schema;
    EXPECT_FALSE(component.reason.empty());
  }
  EXPECT_FALSE(JudgeWith("json_schema", "column = 's'\n", "{}", Problem()).judged);
  EXPECT_THROW(JudgeWith("json_schema", "schema = '{\"type\": \"obj\"}'\n", "{}", Problem()),
               Error);
  EXPECT_THROW(JudgeWith("json_schema", "", "{}", Problem()), Error);
}

struct SchemaCase {
  const char* schema;
  std::vector<const char*> allowed;
  std::vector<const char*> refused;
};

// What scripts/compare_with_checkers.sh holds against the official tests, a case of each keyword.
TEST(JsonSchema, ReadsTheKeywordsOfDrafts4To2020) {
  const std::vector<SchemaCase> cases = {
      {"true", {"1"}, {}},
      {"false", {}, {"1"}},
      {R"({"allOf": [true, {"type": "integer"}]})", {"1", "1.0", "1e300"}, {"1.5", "\"1\""}},
      {R"({"anyOf": [false, {"minimum": 2}]})", {"2", "\"a\""}, {"1"}},
      {R"({"oneOf": [true, {"minimum": 2}]})", {"1"}, {"2"}},
      {R"({"not": true})", {}, {"1"}},
      {R"({"if": {"minimum": 5}, "then": {"multipleOf": 5}, "else": {"multipleOf": 2}})",
       {"10", "4"},
       {"6", "3"}},
      {R"({"contains": {"type": "null"}, "maxContains": 1})",
       {"[1, null]"},
       {"[]", "[null, null]"}},
      {R"({"contains": true, "minContains": 0})", {"[]"}, {}},
      {R"({"items": [{"type": "null"}], "additionalItems": false})",
       {"[null]"},
       {"[1]", "[null, 1]"}},
      {R"({"prefixItems": [true], "items": false})", {"[1]"}, {"[1, 2]"}},
      {R"({"propertyNames": {"pattern": "^[a-z]$"}})", {R"({"a": 1})"}, {R"({"A": 1})"}},
      {R"({"patternProperties": {"^é": false}, "additionalProperties": {"type": "null"}})",
       {R"({"a": null})"},
       {R"({"é": null})", R"({"a": 1})"}},
      {R"({"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"maxProperties": 1}}})",
       {R"({"a": 1, "b": 2})", R"({"c": 1})"},
       {R"({"a": 1})", R"({"c": 1, "d": 2})"}},
      {R"({"dependencies": {"a": ["b"], "c": false}})",
       {R"({"b": 1})"},
       {R"({"a": 1})", R"({"c": 1})"}},
      {R"({"minimum": 3, "exclusiveMinimum": true, "exclusiveMaximum": 5})", {"4"}, {"3", "5"}},
      {R"({"multipleOf": 0.1})", {"1.1", "1e300", "0", "-0.3"}, {"0.15", "1e-30", "5e-10"}},
      {R"({"multipleOf": 3})", {"9007199254740993"}, {"9007199254740992", "1e300"}},
      {R"({"uniqueItems": true})",
       {"[1, \"1\", true, [1], {}]"},
       {"[1, 1.0]", R"([{"a":1,"b":2},{"b":2,"a":1}])"}},
      {R"({"enum": [1, {"a": [1]}]})", {"1.0", R"({"a": [1.0]})"}, {"true", "[1]"}},
      {R"({"minLength": 2, "maxLength": 2.0})",
       {"\"éé\"", "\"\\ud83d\\ude00a\""},
       {"\"é\"", "\"abc\""}},
      {R"({"pattern": "^\\d+$"})", {"\"12\""}, {"\"12\\n\"", "\"१\""}},
      {R"({"$defs": {"a": {"$anchor": "b", "type": "null"}}, "items": {"$ref": "#b"}})",
       {"[null]"},
       {"[1]"}},
      {R"({"$id": "http://a.b/c", "$defs": {"p%q/r": {"type": "null"}}, "$ref": "http://a.b/c#/$defs/p%25q~1r"})",
       {"null"},
       {"1"}},
      {R"({"properties": {"a": {"$ref": "#"}}, "additionalProperties": false})",
       {R"({"a": {"a": {}}})"},
       {R"({"a": {"b": 1}})"}},
  };
  for (const SchemaCase& one : cases) {
    for (const char* text : one.allowed) {
      const Component component = Schema(text, one.schema);
      EXPECT_TRUE(component.judged && component.score == 1)
          << one.schema << ' ' << text << ": " << component.reason;
    }
    for (const char* text : one.refused) {
      const Component component = Schema(text, one.schema);
      EXPECT_TRUE(component.judged && component.score == 0)
          << one.schema << ' ' << text << ": " << component.reason;
    }
  }
}

TEST(JsonSchema, CountsTheWorkOfSchemasThatNeverEnd) {
  const std::string letters = "\"" + std::string(50'000, 'a') + "!\"";
  std::string nested = "1";
  for (int i = 0; i < 200; ++i) nested = "[" + nested + "]";
  std::string wide = "{\"x\": 1";
  for (int i = 0; i < 4'900; ++i) wide += ", \"x" + std::to_string(i) + "\": 1";
  std::string patterns = "{\"patternProperties\": {\"y\": {}";
  for (int i = 0; i < 1'000; ++i) patterns += ", \"^x.*y" + std::to_string(i) + "\": {}";
  for (
      const auto& [schema, text] :
      {std::pair<std::string, std::string>(R"({"$ref": "#"})", "1"),
       {R"({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"})",
        "1"},
       {R"({"anyOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}], "type": "array"})",
        nested},
       {R"({"pattern": "^(a+)+$"})", letters},
       {patterns + "}}", wide + "}"}}) {
    const double before = ThreadCpuMs();
    const Component component = Schema(text, schema);
    EXPECT_LT(ThreadCpuMs() - before, 500) << schema.substr(0, 100);
    EXPECT_FALSE(component.judged);
    EXPECT_NE(component.reason.find("steps"), std::string::npos);
  }
}

TEST(JsonSchema, BoundsTheWorkOfHugeAnswers) {
  std::string many = "[0";
  for (int i = 1; many.size() < 1 << 20; ++i) many += "," + std::to_string(i);
  std::string allowed = "[0";
  for (int i = 1; i < 9'990; ++i) allowed += "," + std::to_string(i);
  const std::string deep(1 << 20, '[');
  const std::string unique = R"({"type": "array", "uniqueItems": true})";
  for (const auto& [text, score] : {std::pair(many + "]", 0.0), std::pair(allowed + "]", 1.0),
                                    std::pair(deep, 0.0), std::pair("\"" + deep + "\"", 0.0)}) {
    const double before = ThreadCpuMs();
    const Component component = Schema(text, unique);
    EXPECT_LT(ThreadCpuMs() - before, 250) << text.size();
    EXPECT_TRUE(component.judged);
    EXPECT_EQ(component.score, score) << component.reason;
  }
}

}  // namespace
}  // namespace rationale
