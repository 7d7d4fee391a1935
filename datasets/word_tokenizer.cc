#include "datasets/word_tokenizer.h"

#include <set>

#include "base/check.h"
#include "base/files.h"
#include "base/json.h"
#include "datasets/split.h"

namespace rationale {
namespace {

constexpr int64_t kBosId = 1;
constexpr int64_t kNumSpecial = 4;

// One step of a TemplateProcessing: {"<kind>": {"id": <id>, "type_id": <type>}}.
void WriteStep(const char* kind, const char* id, int type, JsonWriter& json) {
  json.BeginObject().Key(kind).BeginObject();
  json.Field("id", id).Field("type_id", type).EndObject().EndObject();
}

void WriteBosProcessor(JsonWriter& json) {
  json.BeginObject().Field("type", "TemplateProcessing");
  json.Key("single").BeginArray();
  WriteStep("SpecialToken", "<bos>", 0, json);
  WriteStep("Sequence", "A", 0, json);
  json.EndArray().Key("pair").BeginArray();
  WriteStep("SpecialToken", "<bos>", 0, json);
  WriteStep("Sequence", "A", 0, json);
  WriteStep("Sequence", "B", 1, json);
  json.EndArray().Key("special_tokens").BeginObject().Key("<bos>").BeginObject();
  json.Field("id", "<bos>").Key("ids").BeginArray().Value(kBosId).EndArray();
  json.Key("tokens").BeginArray().Value("<bos>").EndArray().EndObject().EndObject().EndObject();
}

std::string TokenizerJson(const std::vector<std::string>& tokens) {
  JsonWriter json;
  json.BeginObject().Field("version", "1.0").Key("truncation").Null().Key("padding").Null();
  json.Key("added_tokens").BeginArray();
  for (int64_t id = 0; id < kNumSpecial; ++id) {
    json.BeginObject().Field("id", id).Field("content", tokens[static_cast<size_t>(id)]);
    for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized"})
      json.Field(flag, false);
    json.Field("special", true).EndObject();
  }
  json.EndArray().Key("normalizer").Null();
  json.Key("pre_tokenizer").BeginObject().Field("type", "WhitespaceSplit").EndObject();
  json.Key("post_processor");
  WriteBosProcessor(json);
  json.Key("decoder").Null();
  json.Key("model").BeginObject().Field("type", "WordLevel").Key("vocab").BeginObject();
  for (size_t id = 0; id < tokens.size(); ++id) json.Field(tokens[id], uint64_t{id});
  json.EndObject().Field("unk_token", "<unk>").EndObject().EndObject();
  return json.Take();
}

std::string TokenizerConfigJson() {
  JsonWriter json;
  json.BeginObject().Field("tokenizer_class", "PreTrainedTokenizerFast");
  json.Field("pad_token", "<pad>").Field("bos_token", "<bos>");
  json.Field("eos_token", "<eos>").Field("unk_token", "<unk>");
  json.Field("clean_up_tokenization_spaces", false).EndObject();
  return json.Take();
}

}  // namespace

std::vector<std::string> WordTokens(const std::vector<std::string>& words) {
  std::vector<std::string> tokens = {"<pad>", "<bos>", "<eos>", "<unk>"};
  tokens.insert(tokens.end(), words.begin(), words.end());
  std::set<std::string> seen;
  for (const std::string& token : tokens) {
    Check{!token.empty() && CollapseWhiteSpace(token) == token &&
              token.find(' ') == std::string::npos,
          "'", token, "' is no single word"};
    Check{seen.insert(token).second, "the word '", token, "' occurs twice"};
  }
  return tokens;
}

void WriteWordTokenizer(const std::string& folder, const std::vector<std::string>& words) {
  const std::vector<std::string> tokens = WordTokens(words);
  MakeFolders(folder);
  WriteFileDurably(folder + "/tokenizer.json", TokenizerJson(tokens));
  WriteFileDurably(folder + "/tokenizer_config.json", TokenizerConfigJson());
}

}  // namespace rationale
