#include "policy/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace rationale {
namespace {

// What scripts/compare_with_transformers.py --write-goldens wrote from the tokenizers package.
std::vector<std::string> GoldenFolders() {
  std::vector<std::string> folders;
  const std::string golden = std::string(RATIONALE_SOURCE_DIR) + "/tests/golden/tokenizers";
  for (const auto& entry : std::filesystem::directory_iterator(golden)) {
    folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

class Golden : public testing::TestWithParam<std::string> {
 protected:
  // Calls `check` with every line of cases.jsonl that has all of `keys`; returns how many had.
  template <class Check>
  int ForEach(const std::vector<std::string>& keys, const Check& check) const {
    std::ifstream file(GetParam() + "/cases.jsonl");
    std::string line;
    int count = 0;
    for (int64_t number = 1; std::getline(file, line); ++number) {
      const rapidjson::Document document = ParseJson(line, "cases.jsonl", number);
      const JsonObject json(document, "cases.jsonl:" + std::to_string(number));
      if (!std::all_of(keys.begin(), keys.end(), [&](const auto& key) { return json.Has(key); })) {
        continue;
      }
      SCOPED_TRACE(json.where());
      check(json);
      ++count;
    }
    return count;
  }

  static std::vector<int32_t> Tokens(const JsonObject& json, const std::string& key = "tokens") {
    return json.Get<std::vector<int32_t>>(key);
  }

  Tokenizer tokenizer_ = Tokenizer::Load(GetParam());
};

TEST_P(Golden, EncodesAsTheTokenizersPackage) {
  const int count = ForEach({"text", "tokens"}, [&](const JsonObject& json) {
    EXPECT_EQ(tokenizer_.Encode(json.Get<std::string>("text")), Tokens(json));
  });
  EXPECT_GT(count, 60);
}

TEST_P(Golden, PutsSpecialTokensAroundATextOnRequest) {
  const int count = ForEach({"with_special"}, [&](const JsonObject& json) {
    EXPECT_EQ(tokenizer_.Encode(json.Get<std::string>("text"), true), Tokens(json, "with_special"));
  });
  EXPECT_GT(count, 4);
}

TEST_P(Golden, DecodesAnyTokensAsTheTokenizersPackage) {
  const int count = ForEach({"tokens", "decoded"}, [&](const JsonObject& json) {
    EXPECT_EQ(tokenizer_.Decode(Tokens(json)), json.Get<std::string>("decoded"));
  });
  EXPECT_GT(count, 100);
}

TEST_P(Golden, LeavesSpecialTokensOutOnRequest) {
  const int count = ForEach({"tokens", "skipped"}, [&](const JsonObject& json) {
    EXPECT_EQ(tokenizer_.Decode(Tokens(json), true), json.Get<std::string>("skipped"));
  });
  EXPECT_GT(count, 30);
}

TEST_P(Golden, TheBytesOfTokensConcatenateToTheText) {
  ForEach({"text", "tokens"}, [&](const JsonObject& json) {
    const std::vector<int32_t> tokens = Tokens(json);
    std::string bytes;
    for (size_t i = 0; i < tokens.size(); ++i) bytes += tokenizer_.TokenBytes(tokens[i], i == 0);
    EXPECT_EQ(ValidUtf8(bytes), tokenizer_.Decode(tokens));
  });
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, Golden, testing::ValuesIn(GoldenFolders()),
                         [](const auto& test) {
                           return std::filesystem::path(test.param).filename().string();
                         });

class TokenizerFile : public testing::Test {
 protected:
  void Write(const std::string& json) {
    WriteFileDurably(folder_.path() + "/tokenizer.json", json);
  }

  void WriteConfig(const std::string& json) {
    WriteFileDurably(folder_.path() + "/tokenizer_config.json", json);
  }

  Tokenizer Load() const { return Tokenizer::Load(folder_.path()); }

  // What loading says, without the folder.
  std::string Message() const {
    try {
      Load();
    } catch (const Error& error) {
      std::string message = error.what();
      while (message.find(folder_.path()) != std::string::npos) {
        message.replace(message.find(folder_.path()), folder_.path().size() + 1, "");
      }
      return message;
    }
    return "loaded";
  }

  TemporaryFolder folder_;
};

constexpr const char* kWords = R"({
  "added_tokens": [{"id": 4, "content": "<eos>", "special": true}],
  "pre_tokenizer": {"type": "WhitespaceSplit"},
  "model": {"type": "WordLevel", "unk_token": "?",
            "vocab": {"eins": 0, "plus": 1, "zwei": 2, "fünf": 7}}})";

TEST_F(TokenizerFile, WordsComeBackWithSingleSpaces) {
  Write(kWords);
  const Tokenizer tokenizer = Load();
  const std::vector<int32_t> tokens = tokenizer.Encode(" eins  plus\tfünf<eos>");
  EXPECT_EQ(tokens, (std::vector<int32_t>{0, 1, 7, 4}));
  EXPECT_EQ(tokenizer.Decode(tokens), "eins plus fünf <eos>");
  EXPECT_EQ(tokenizer.Decode(tokens, true), "eins plus fünf");
  EXPECT_EQ(tokenizer.TokenBytes(7, true), "fünf");
  EXPECT_EQ(tokenizer.TokenBytes(7), " fünf");
  EXPECT_EQ(tokenizer.TokenBytes(3), "");
  EXPECT_EQ(tokenizer.vocab_size(), 8);
  EXPECT_EQ(tokenizer.IdOf("<eos>"), 4);
  EXPECT_EQ(tokenizer.IdOf("fünf"), 7);
  EXPECT_EQ(tokenizer.IdOf("six"), std::nullopt);
  EXPECT_EQ(tokenizer.eos(), std::nullopt);
}

TEST_F(TokenizerFile, NamesAWordThatIsNoTokenAndHasNoStandIn) {
  Write(kWords);
  try {
    Load().Encode("eins minus zwei");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              folder_.path() +
                  "/tokenizer.json: model: 'minus' is no token, and there is no unk_token '?' to "
                  "stand for it");
  }
}

TEST_F(TokenizerFile, ReadsTheNamesOfTheEndsInBothSpellings) {
  Write(kWords);
  WriteConfig(R"({"eos_token": "<eos>", "bos_token": {"content": "eins", "lstrip": false}})");
  EXPECT_EQ(Load().eos(), 4);
  EXPECT_EQ(Load().bos(), 0);
  WriteConfig(R"({"eos_token": null})");
  EXPECT_EQ(Load().eos(), std::nullopt);
  WriteConfig(R"({"eos_token": "</s>"})");
  EXPECT_EQ(Message(), "tokenizer_config.json: eos_token: '</s>' is not a token of tokenizer.json");
}

TEST_F(TokenizerFile, MalformedUtf8IsReadAsReplacementCharacters) {
  const Tokenizer tokenizer =
      Tokenizer::Load(std::string(RATIONALE_SOURCE_DIR) + "/tests/golden/tokenizers/gpt2");
  EXPECT_EQ(tokenizer.Encode("a\xff\xe4\xbd!"), tokenizer.Encode("a\uFFFD\uFFFD!"));
}

TEST_F(TokenizerFile, ALongTextWithoutASpaceDoesNotTakeQuadraticTime) {
  const Tokenizer tokenizer =
      Tokenizer::Load(std::string(RATIONALE_SOURCE_DIR) + "/tests/golden/tokenizers/sentencepiece");
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "ing";  // quadratic: minutes
  EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(text)), text);
}

TEST_F(TokenizerFile, NamesAMissingOrMalformedFile) {
  EXPECT_NE(Message().find("tokenizer.json"), std::string::npos);
  Write("{\n\"model\": {\n\"vocab\" {}}}");
  EXPECT_EQ(Message().rfind("tokenizer.json:3", 0), 0u) << Message();
  Write("{}");
  EXPECT_EQ(Message(), "tokenizer.json: no 'model'; there are: ");
}

TEST_F(TokenizerFile, RefusesPartsThatAreNotBuiltByName) {
  const std::string model = R"("model": {"type": "WordLevel", "vocab": {}})";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("model": {"type": "Unigram", "vocab": []})",
       "model: type: found 'Unigram', allowed: BPE WordLevel"},
      {R"("model": {"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []})",
       "model: dropout: found 0.1, allowed: none"},
      {R"("normalizer": {"type": "Precompiled"}, )" + model,
       "normalizer: type: found 'Precompiled', allowed: NFC NFD NFKC NFKD Lowercase Strip Prepend "
       "Replace ByteLevel Sequence"},
      {R"("pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Punctuation"}]}, )" +
           model,
       "pre_tokenizer: pretokenizers[0]: type: found 'Punctuation', allowed: Split Digits "
       "ByteLevel Metaspace Whitespace WhitespaceSplit Sequence"},
      {R"("post_processor": {"type": "BertProcessing"}, )" + model,
       "post_processor: type: found 'BertProcessing', allowed: TemplateProcessing ByteLevel "
       "Sequence"},
      {R"("decoder": {"type": "CTC"}, )" + model,
       "decoder: type: found 'CTC', allowed: ByteLevel ByteFallback Metaspace Replace Fuse Strip "
       "Sequence"},
      {R"("pre_tokenizer": {"type": "Split", "behavior": "Removed", "pattern": {"Regex": "\\hx"}}, )" +
           model,
       "pre_tokenizer: pattern: pattern \\hx: '\\h' is not built"},
      {R"("pre_tokenizer": {"type": "Split", "behavior": "Kept", "pattern": {"String": "x"}}, )" +
           model,
       "pre_tokenizer: behavior: found 'Kept', allowed: Removed Isolated MergedWithPrevious "
       "MergedWithNext Contiguous"},
  };
  for (const auto& [json, message] : cases) {
    Write("{" + json + "}");
    EXPECT_EQ(Message(), "tokenizer.json: " + message);
  }
}

TEST_F(TokenizerFile, RefusesVocabulariesThatContradictThemselves) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]})",
       "model: merges[0]: 'ab' is not in the vocabulary"},
      {R"("model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"], "ab"]})",
       "model: merges[1]: found \"ab\", allowed: \"left right\" or [\"left\", \"right\"]"},
      {R"("model": {"type": "BPE", "unk_token": "<unk>", "vocab": {"a": 0}, "merges": []})",
       "model: unk_token: '<unk>' is not in the vocabulary"},
      {R"("model": {"type": "WordLevel", "vocab": {"a": 3, "b": 3}})",
       "model: vocab: 'a' and 'b' both have the id 3"},
      {R"("model": {"type": "WordLevel", "vocab": {"a": -1}})",
       "model: vocab: 'a': found -1, allowed: an id from 0 to 268435456"},
      {R"("added_tokens": [{"id": 1, "content": "a"}], "model": {"type": "WordLevel", "vocab": {"a": 0}})",
       "added_tokens[0]: id: found 1 for 'a', but in the vocabulary its id is 0"},
      {R"("added_tokens": [{"id": 0, "content": "x"}], "model": {"type": "WordLevel", "vocab": {"a": 0}})",
       "added_tokens[0]: id: found 0 for 'x', but in the vocabulary that is the id of 'a'"},
      {R"("added_tokens": [{"id": 1, "content": "x"}, {"id": 1, "content": "y"}], "model": {"type": "WordLevel", "vocab": {"a": 0}})",
       "added_tokens[1]: 'y' with id 1: another added token has that content or id"},
  };
  for (const auto& [json, message] : cases) {
    Write("{" + json + "}");
    EXPECT_EQ(Message(), "tokenizer.json: " + message);
  }
}

}  // namespace
}  // namespace rationale
