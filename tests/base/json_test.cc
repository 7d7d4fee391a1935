#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/error.h"

namespace rationale {
namespace {

template <class F>
std::string MessageOf(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no Error";
}

TEST(ParseJson, NamesFileLineAndColumnOfAMistake) {
  const std::string message =
      MessageOf([] { ParseJson("{\n  \"a\": 1,\n  oops}", "data.jsonl", 7); });
  EXPECT_EQ(message.rfind("data.jsonl:9: not valid JSON at column 3: ", 0), 0u) << message;
}

TEST(ParseJson, RefusesTextAfterTheValueAndNaN) {
  EXPECT_THROW(ParseJson("{} {}", "f"), Error);
  EXPECT_THROW(ParseJson("[NaN]", "f"), Error);
  EXPECT_THROW(ParseJson("", "f"), Error);
}

TEST(ParseJson, RefusesDeepNestingButNotBracketsInStrings) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_NO_THROW(ParseJson(nested(256), "f"));
  EXPECT_EQ(MessageOf([&] { ParseJson(nested(257), "f", 3); }),
            "f:3: JSON nested deeper than 256 levels");
  EXPECT_NO_THROW(ParseJson("[\"\\\"" + std::string(300, '[') + "\"]", "f"));
}

TEST(JsonObject, ReadsEveryTypeAndFallsBackWhenAbsentOrNull) {
  const rapidjson::Document document = ParseJson(
      R"({"b":true,"i":-3,"d":2,"s":"ü","v":[1,2],"m":{"x":0.5},"o":{"k":1},"n":null})", "f");
  const JsonObject object(document, "f");
  EXPECT_TRUE(object.Get<bool>("b"));
  EXPECT_EQ(object.Get<int64_t>("i"), -3);
  EXPECT_EQ(object.Get<double>("d"), 2.0);
  EXPECT_EQ(object.Get<std::string>("s"), "ü");
  EXPECT_EQ(object.Get<std::vector<int32_t>>("v"), (std::vector<int32_t>{1, 2}));
  EXPECT_EQ((object.Get<std::map<std::string, double>>("m").at("x")), 0.5);
  EXPECT_EQ(object.Object("o").Get<int64_t>("k"), 1);
  EXPECT_EQ(object.Get<int64_t>("n", 9), 9);
  EXPECT_EQ(object.Get<int64_t>("absent", 9), 9);
  EXPECT_FALSE(object.OptionalObject("absent"));
}

TEST(JsonObject, NamesTheKeyWhatWasFoundAndWhatIsAllowed) {
  const rapidjson::Document document = ParseJson(
      R"({"hidden_size":"big","layers":[1,"x"],"rope":{"theta":{}},"wide":3000000000})", "f");
  const JsonObject object(document, "config.json");
  EXPECT_EQ(MessageOf([&] { object.Get<int64_t>("hidden_size"); }),
            "config.json: hidden_size: found \"big\", allowed: an integer");
  EXPECT_EQ(MessageOf([&] { object.Get<std::vector<double>>("layers"); }),
            "config.json: layers[1]: found \"x\", allowed: a number");
  EXPECT_EQ(MessageOf([&] { object.Object("rope").Get<double>("theta"); }),
            "config.json: rope: theta: found an object, allowed: a number");
  EXPECT_EQ(MessageOf([&] { object.Get<int32_t>("wide"); }),
            "config.json: wide: found 3000000000, allowed: an integer of 32 bits");
  EXPECT_EQ(MessageOf([&] { object.Get<bool>("tied"); }),
            "config.json: no 'tied'; there are: hidden_size, layers, rope, wide");
}

TEST(JsonWriter, WritesNumbersThatReadBackAsTheSameBits) {
  for (const double value :
       {0.1, 1.0 / 3, 1e-6, 5e-324, 1.7976931348623157e308, -0.0, 123456789.0, 1e22}) {
    const rapidjson::Document document = ParseJson("[" + JsonNumber(value) + "]", "f");
    EXPECT_EQ(document[0].GetDouble(), value) << JsonNumber(value);
    EXPECT_EQ(std::signbit(document[0].GetDouble()), std::signbit(value));
  }
  EXPECT_EQ(JsonNumber(0.1), "0.1");
  EXPECT_EQ(JsonNumber(0.1f), "0.1");
  EXPECT_EQ(JsonNumber(1.0), "1.0");
}

TEST(JsonWriter, WritesNestedValuesOnOneLine) {
  JsonWriter json;
  json.BeginObject().Field("step", 3).Field("nan", std::nan("")).Field("inf", HUGE_VAL);
  json.Field("ids", std::vector<int32_t>{1, 2})
      .Field("text", "a\n\"b\"")
      .Field("none", std::optional<double>());
  json.Key("list").BeginArray().Value(true).Null().EndArray().EndObject();
  EXPECT_EQ(
      json.Take(),
      R"({"step":3,"nan":null,"inf":null,"ids":[1,2],"text":"a\n\"b\"","none":null,"list":[true,null]})");
  json.BeginArray().EndArray();
  EXPECT_EQ(json.Take(), "[]");
}

TEST(JsonWriter, CopiesAParsedValueWithoutLoss) {
  const std::string text = R"({"a":[1,-2,18446744073709551615,0.1,"\u00e4",null,false],"b":{}})";
  EXPECT_EQ(JsonText(ParseJson(text, "f")),
            R"({"a":[1,-2,18446744073709551615,0.1,"ä",null,false],"b":{}})");
}

// The examples of Unicode 15, table 3-8, and its neighbours.
TEST(ValidUtf8, ReplacesEachMaximalBrokenPart) {
  const std::string bad = "\uFFFD";
  EXPECT_EQ(ValidUtf8("añ中😀"), "añ中😀");
  EXPECT_EQ(ValidUtf8("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "a" + bad + bad + bad + "b" + bad + "c" + bad + bad + "d");
  EXPECT_EQ(ValidUtf8("\xED\xA0\x80"), bad + bad + bad);  // a surrogate
  EXPECT_EQ(ValidUtf8("\xC0\xAF"), bad + bad);            // an overlong form
  EXPECT_EQ(ValidUtf8("\xF4\x90\x80\x80"), bad + bad + bad + bad);
  EXPECT_EQ(ValidUtf8("\xE4\xB8"), bad);
}

}  // namespace
}  // namespace rationale
