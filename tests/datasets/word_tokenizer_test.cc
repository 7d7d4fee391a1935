#include "datasets/word_tokenizer.h"

#include <gtest/gtest.h>

#include "base/check.h"
#include "base/json.h"
#include "tests/datasets/testing.h"

namespace rationale {
namespace {

TEST(WordTokenizer, WritesWhatTokenizersLoads) {
  const TemporaryFolder folder;
  const std::vector<std::string> words = {"<think>", "</think>", "fünf", "十一", "?"};
  WriteWordTokenizer(folder.path() + "/model", words);

  const auto file = ReadJson(folder.path() + "/model/tokenizer.json");
  const JsonObject tokenizer(file, "tokenizer.json");
  const JsonObject model = tokenizer.Object("model");
  EXPECT_EQ(model.Get<std::string>("type"), "WordLevel");
  EXPECT_EQ(model.Get<std::string>("unk_token"), "<unk>");
  const auto vocabulary = model.Get<std::map<std::string, int64_t>>("vocab");
  const std::vector<std::string> tokens = WordTokens(words);
  ASSERT_EQ(vocabulary.size(), 9u);
  for (size_t id = 0; id < tokens.size(); ++id)
    EXPECT_EQ(vocabulary.at(tokens[id]), static_cast<int64_t>(id));
  EXPECT_EQ(vocabulary.at("<think>"), 4);
  EXPECT_EQ(tokenizer.Object("pre_tokenizer").Get<std::string>("type"), "WhitespaceSplit");
  EXPECT_EQ(tokenizer.Find("decoder"), nullptr);
  // Only the first four are special: skipping special tokens must keep the tags.
  const auto& added = tokenizer.Required("added_tokens");
  ASSERT_EQ(added.Size(), 4u);
  EXPECT_EQ(
      JsonText(added[3]),
      R"({"id":3,"content":"<unk>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,)"
      R"("special":true})");
  EXPECT_EQ(
      JsonText(tokenizer.Required("post_processor")),
      R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<bos>","type_id":0}},)"
      R"({"Sequence":{"id":"A","type_id":0}}],"pair":[{"SpecialToken":{"id":"<bos>","type_id":0}},)"
      R"({"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],)"
      R"("special_tokens":{"<bos>":{"id":"<bos>","ids":[1],"tokens":["<bos>"]}}})");

  EXPECT_EQ(
      JsonText(ReadJson(folder.path() + "/model/tokenizer_config.json")),
      R"({"tokenizer_class":"PreTrainedTokenizerFast","pad_token":"<pad>","bos_token":"<bos>",)"
      R"("eos_token":"<eos>","unk_token":"<unk>","clean_up_tokenization_spaces":false})");
}

TEST(WordTokenizer, RefusesWordsThatAreNone) {
  EXPECT_THROW(WordTokens({"two words"}), CheckFailure);
  EXPECT_THROW(WordTokens({"line\n"}), CheckFailure);
  EXPECT_THROW(WordTokens({""}), CheckFailure);
  EXPECT_THROW(WordTokens({"a", "a"}), CheckFailure);
  EXPECT_THROW(WordTokens({"<eos>"}), CheckFailure);
}

}  // namespace
}  // namespace rationale
