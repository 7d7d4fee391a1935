// Instructions: each of IFEval's 25 kinds followed and not followed.

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "rewards/instructions/checks.h"
#include "rewards/instructions/scan.h"
#include "tests/rewards/testing.h"

namespace rationale {
namespace {

Component Judge(const std::string& name, const std::string& arguments, std::string_view response,
                const std::string& options = "") {
  Problem problem;
  problem.fields["instruction_id_list"] = "[\"" + name + "\"]";
  problem.fields["kwargs"] = "[" + arguments + "]";
  return JudgeWith("instructions", options, response, problem);
}

struct Case {
  const char* name;
  const char* arguments;
  std::vector<const char*> followed;
  std::vector<const char*> broken;
};

std::vector<Case> CasesOfForm() {
  return {
      {"change_case:capital_word_frequency",
       R"({"capital_frequency": 2, "capital_relation": "at least"})",
       {"THIS is BIG", "NASA-ESA and JPL", "The U.S. and NASA's"},
       {"This is BIG", "nothing 42 7", "the U.S. alone", "O'NEIL"}},
      {"change_case:english_capital",
       "{}",
       {"THIS IS A LONG ENGLISH SENTENCE ABOUT THE WEATHER."},
       {"This is a long English sentence.", "DAS IST EIN LANGER DEUTSCHER SATZ UND NICHT ENGLISCH.",
        "123"}},
      {"change_case:english_lowercase",
       "{}",
       {"this is a long english sentence about the weather."},
       {"This is a long english sentence about the weather.",
        "das ist ein langer deutscher satz und nicht englisch."}},
      {"combination:repeat_prompt",
       R"({"prompt_to_repeat": "Write a poem."})",
       {"write a poem. Roses are red."},
       {"Sure. Write a poem. Roses are red.", "Write a poem."}},
      {"combination:two_responses",
       "{}",
       {"one\n******\ntwo", "******\none\n******\ntwo\n******"},
       {"one", "one ****** one", "one ****** two ****** three", "one ******  ****** two"}},
      {"detectable_content:number_placeholders",
       R"({"num_placeholders": 2})",
       {"Dear [name], at [address]"},
       {"Dear [name], at [addr\ness]", "[[[["}},
      {"detectable_content:postscript",
       R"({"postscript_marker": "P.S."})",
       {"Text.\nP.S. more", "Text.\np. s. more"},
       {"Text. PS more", "P.P. more"}},
      {"detectable_format:constrained_response",
       "{}",
       {"My answer is yes.", "Well. My answer is maybe."},
       {"yes", "my answer is perhaps."}},
      {"detectable_format:json_format",
       "{}",
       {"{\"a\": [1]}", "```json\n{\"a\": 1}\n```", "```{\"a\": 1}```", "```json [1]"},
       {"a: 1", "Sure: {\"a\": 1}", "[NaN]", "```"}},
      {"detectable_format:multiple_sections",
       R"({"section_spliter": "Section", "num_sections": 2})",
       {"Section 1\nx\nSection 2\ny"},
       {"Section 1\nx\nSection two\ny", "section 1 section 2"}},
      {"detectable_format:number_bullet_lists",
       R"({"num_bullets": 2})",
       {"* a\n* b", "text\n - a\n - b\nmore", "- \n* \ntext"},
       {"* a", "* a\n* b\n* c", "**a**\n* b"}},
      {"detectable_format:number_highlighted_sections",
       R"({"num_highlights": 2})",
       {"*a* and *b*", "**a** and *b*"},
       {"*a* and b", "**** **", "* a\n* b"}},
      {"detectable_format:title", "{}", {"<<poem of joy>>\ntext"}, {"<poem>", "<< >>", "<<a\nb>>"}},
  };
}

std::vector<Case> CasesOfWordsAndLength() {
  return {
      {"keywords:existence",
       R"({"keywords": ["river", "Bridge"]})",
       {"A bridge over the River"},
       {"A bridge", ""}},
      {"keywords:forbidden_words",
       R"({"forbidden_words": ["cat", "坏", "été"]})",
       {"concatenate the category", "les étés"},
       {"A Cat!", "the cat", "很坏的", "L'ÉTÉ!"}},
      {"keywords:frequency",
       R"({"keyword": "sun", "frequency": 3, "relation": "less than"})",
       {"The sun and the Sun"},
       {"sun Sun SUN"}},
      {"keywords:letter_frequency",
       R"({"letter": "e", "let_frequency": 2, "let_relation": "at least"})",
       {"Even Here"},
       {"then if"}},
      {"language:response_language",
       R"({"language": "de"})",
       {"Das Wetter ist heute schön und wir gehen in den Wald spazieren."},
       {"The weather is fine today and we walk in the woods.", "Сегодня хорошая погода."}},
      {"length_constraints:nth_paragraph_first_word",
       R"({"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Then"})",
       {"First this.\n\nthen, that.", "First this.\n\n\n\n'Then' that."},
       {"Then this.\n\nAnd that.", "First.\n\nThen.\n\nMore.", "First.\nThen."}},
      {"length_constraints:number_paragraphs",
       R"({"num_paragraphs": 2})",
       {"a\n***\nb", "***\na\n***\nb\n***"},
       {"a\n\nb", "a *** *** b", "a *** b *** c"}},
      {"length_constraints:number_sentences",
       R"({"num_sentences": 3, "relation": "at least"})",
       {"One. Two! Three?", "今天好。明天好。后天好。"},
       {"One. Two!", "Dr. Smith pays 3.50 dollars. Good."}},
      {"length_constraints:number_words",
       R"({"num_words": 4.0, "relation": "at least", "unused": null})",
       {"one two three four"},
       {"one two three", ". . . . ."}},
      {"punctuation:no_comma", "{}", {"no such thing"}, {"one, two"}},
      {"startend:end_checker",
       R"({"end_phrase": "Any other questions?"})",
       {"Done. any other questions?", "\"Done. Any other questions?\""},
       {"Any other questions? No."}},
      {"startend:quotation", "{}", {"\"all of it\""}, {"\"", "all of it", "\"all\" of it"}},
  };
}

std::vector<Case> Cases25() {
  std::vector<Case> cases = CasesOfForm();
  for (const Case& one : CasesOfWordsAndLength()) cases.push_back(one);
  return cases;
}

TEST(Instructions, KnowAll25KindsOfIfeval) {
  std::set<std::string_view> tested;
  for (const Case& one : Cases25()) tested.insert(one.name);
  EXPECT_EQ(tested.size(), 25u);
  EXPECT_EQ(AllInstructionChecks().size(), 25u);
  for (const InstructionCheck& check : AllInstructionChecks()) {
    EXPECT_TRUE(tested.contains(check.name)) << check.name;
  }
}

TEST(Instructions, AreFollowedOrNot) {
  for (const Case& one : Cases25()) {
    for (const char* text : one.followed) {
      const Component component = Judge(one.name, one.arguments, text);
      EXPECT_TRUE(component.judged) << component.reason;
      EXPECT_EQ(component.score, 1) << one.name << ": " << text;
      const std::string thoughtful = std::string("<think> a, [b] Section 1 </think>\n") + text;
      EXPECT_EQ(Judge(one.name, one.arguments, thoughtful).score, 1)
          << one.name << ": " << thoughtful;
    }
    for (const char* text : one.broken) {
      const Component component = Judge(one.name, one.arguments, text);
      EXPECT_TRUE(component.judged) << component.reason;
      EXPECT_EQ(component.score, 0) << one.name << ": " << text;
    }
  }
}

TEST(Instructions, PayNothingForAnEmptyAnswer) {
  for (const Case& one : Cases25()) {
    for (const char* text : {"", " \n ", "<think> one, two </think>", "<answer></answer>"}) {
      EXPECT_EQ(Judge(one.name, one.arguments, text).score, 0) << one.name;
      EXPECT_EQ(Judge(one.name, one.arguments, text, "loose = true\n").score, 0) << one.name;
    }
  }
}

TEST(Instructions, ScoreTheShareThatIsFollowed) {
  Problem problem;
  problem.fields["instruction_id_list"] =
      R"(["punctuation:no_comma", "startend:quotation", "keywords:existence"])";
  problem.fields["kwargs"] = R"([{}, {}, {"keywords": ["sun"]}])";
  const Component share = JudgeWith("instructions", "", "the sun", problem);
  EXPECT_DOUBLE_EQ(share.score, 2.0 / 3);
  EXPECT_NE(share.reason.find("not: startend:quotation"), std::string::npos) << share.reason;
  EXPECT_EQ(JudgeWith("instructions", "all = true\n", "the sun", problem).score, 0);
  EXPECT_EQ(JudgeWith("instructions", "all = true\n", "\"the sun\"", problem).score, 1);
}

TEST(Instructions, CanBeLoose) {
  const std::string text = "Sure, here it is:\n\"all of it\"\nI hope this helps";
  EXPECT_EQ(Judge("startend:quotation", "{}", text).score, 0);
  EXPECT_EQ(Judge("startend:quotation", "{}", text, "loose = true\n").score, 1);
  EXPECT_EQ(Judge("startend:quotation", "{}", "*\"all of it\"*", "loose = true\n").score, 1);
  EXPECT_EQ(Judge("startend:quotation", "{}", "all of it", "loose = true\n").score, 0);
}

TEST(Instructions, StandInTheRubricToo) {
  const std::string options =
      "instructions = [{name = 'length_constraints:number_words', num_words = 3, relation = "
      "'less than'}, {name = 'keywords:existence', keywords = ['sun']}]\n";
  EXPECT_EQ(JudgeWith("instructions", options, "the sun", Problem()).score, 1);
  EXPECT_EQ(JudgeWith("instructions", options, "it is the sun", Problem()).score, 0.5);
}

TEST(Instructions, RefuseWhatTheyDoNotKnow) {
  EXPECT_FALSE(Judge("keywords:rhyme", "{}", "text").judged);
  EXPECT_FALSE(Judge("keywords:existence", "{}", "text").judged) << "no argument";
  EXPECT_FALSE(Judge("keywords:frequency",
                     R"({"keyword": "a", "frequency": 1, "relation": "around"})", "text")
                   .judged);
  EXPECT_FALSE(Judge("language:response_language", R"({"language": "tlh"})", "text").judged);
  for (const char* count : {"-1", "1.5", "1e300", "\"3\"", "null"}) {
    const std::string arguments =
        R"({"relation": "at least", "num_words": )" + std::string(count) + "}";
    EXPECT_FALSE(Judge("length_constraints:number_words", arguments, "text").judged) << count;
  }
  EXPECT_FALSE(JudgeWith("instructions", "", "text", Problem()).judged);
  for (const char* wrong : {"instructions = [{name = 'keywords:rhyme'}]\n",
                            "instructions = [{name = 'keywords:existence'}]\n",
                            "instructions = [{keywords = ['a']}]\n"}) {
    EXPECT_THROW(JudgeWith("instructions", wrong, "text", Problem()), Error) << wrong;
  }
}

TEST(Instructions, BoundTheWorkOfHugeTexts) {
  const Rubric rubric = Rubric::FromText("[[rewards]]\nname = 'instructions'\n", "rubric.toml");
  std::string sentences, prose;
  while (sentences.size() < 1 << 20) sentences += "Dr. A! ";
  while (prose.size() < 1 << 20) prose += "the weather is fine today and we walk in the woods. ";
  double worst = 0;
  for (const Case& one : Cases25()) {
    Problem problem;
    problem.fields["instruction_id_list"] = std::string("[\"") + one.name + "\"]";
    problem.fields["kwargs"] = std::string("[") + one.arguments + "]";
    for (const std::string& text :
         {std::string(1 << 20, '['), std::string(1 << 20, '*'), sentences, prose}) {
      const double before = ThreadCpuMs();
      rubric.Judge({.text = text, .problem = &problem});
      const double ms = ThreadCpuMs() - before;
      worst = std::max(worst, ms);
      EXPECT_LT(ms, 1000) << one.name << " on " << text.substr(0, 20);
    }
  }
  std::printf("the slowest check of 1 MB took %.0f ms\n", worst);
}

}  // namespace
}  // namespace rationale
