// rationale tokenize: text to token ids and back.

#include <fmt/format.h>

#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "policy/tokenizer.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"

namespace rationale {
namespace {

struct TokenizeOptions {
  std::string model, data, text;
  bool add_special = false, skip_special = false;
};

// {"text": ".."} or {"tokens": [..]} -> {"tokens": [..], "text": ".."}: the text's tokens, and what
// they decode to.
std::string TokenizeLine(const Tokenizer& tokenizer, const TokenizeOptions& options,
                         const JsonObject& line) {
  const auto tokens = line.Has("tokens")
                          ? line.Get<std::vector<int32_t>>("tokens")
                          : tokenizer.Encode(line.Get<std::string>("text"), options.add_special);
  JsonWriter json;
  json.BeginObject().Field("tokens", tokens);
  json.Field("text", tokenizer.Decode(tokens, options.skip_special)).EndObject();
  return json.Take() + '\n';
}

void TokenizeStream(const Tokenizer& tokenizer, const TokenizeOptions& options, std::istream& input,
                    const std::string& name) {
  std::string line;
  for (int64_t number = 1; std::getline(input, line); ++number) {
    const rapidjson::Document document = ParseJson(line, name, number);
    const JsonObject object(document, fmt::format("{}:{}", name, number));
    Print(TokenizeLine(tokenizer, options, object));
  }
}

void PrintTokens(const Tokenizer& tokenizer, const TokenizeOptions& options) {
  bool first = true;
  for (const int32_t token : tokenizer.Encode(options.text, options.add_special)) {
    JsonWriter bytes;
    bytes.Value(tokenizer.TokenBytes(token, first));
    Print(fmt::format("{:>8}  {}\n", token, bytes.Take()));
    first = false;
  }
}

}  // namespace

int TokenizeCommand(int argc, char** argv) {
  Arguments arguments("tokenize", "Text to token ids and back.",
                      "  rationale tokenize --model models/smollm2 --text 'Hello world'\n"
                      "  rationale tokenize --model models/smollm2 --data texts.jsonl\n");
  TokenizeOptions options;
  arguments.add_option("--model", options.model, "folder with a tokenizer.json")->required();
  arguments.add_option("--text", options.text, "a text: a line for each of its tokens");
  arguments.add_option("--data", options.data,
                       "JSON lines with \"text\" or \"tokens\" (- for standard input): a line "
                       "with both for each");
  arguments.add_flag("--add-special", options.add_special, "what the file puts around a text, too");
  arguments.add_flag("--skip-special", options.skip_special, "decode without special tokens");
  if (!arguments.Parse(argc, argv)) return 0;
  if (options.data.empty() == options.text.empty()) {
    throw Error("tokenize: give one of --text and --data");
  }
  const Tokenizer tokenizer = Tokenizer::Load(options.model);
  if (!options.text.empty()) {
    PrintTokens(tokenizer, options);
  } else if (options.data == "-") {
    TokenizeStream(tokenizer, options, std::cin, "standard input");
  } else {
    std::ifstream input(options.data);
    if (!input) throw Error("{}: cannot be read", options.data);
    TokenizeStream(tokenizer, options, input, options.data);
  }
  return 0;
}

}  // namespace rationale
