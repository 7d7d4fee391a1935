#include "datasets/fields.h"

#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>

#include "base/error.h"
#include "base/json.h"

namespace rationale {
namespace {

constexpr double kExactIntegerMax = 0x1p53;

const rapidjson::Value* Member(const rapidjson::Value& value, std::string_view name) {
  if (!value.IsObject()) return nullptr;
  const rapidjson::Value key(
      rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size())));
  const auto found = value.FindMember(key);
  return found == value.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

const rapidjson::Value* Descend(const rapidjson::Value& value, std::string_view path) {
  if (const auto* member = Member(value, path)) return member;
  for (size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
    const auto* inner = Member(value, path.substr(0, dot));
    if (inner == nullptr) continue;
    if (const auto* found = Descend(*inner, path.substr(dot + 1))) return found;
  }
  return nullptr;
}

[[noreturn]] void ThrowNoField(const Row& row, std::string_view field, std::string_view key) {
  throw Error("{}: no column '{}' with a value ({}); the row has: {}", row.where, field, key,
              fmt::join(JsonObject(row.value, row.where).keys(), ", "));
}

std::string NumberText(const rapidjson::Value& value, const Row& row, std::string_view key) {
  if (value.IsInt64()) return std::to_string(value.GetInt64());
  if (value.IsUint64()) return std::to_string(value.GetUint64());
  const double number = value.GetDouble();
  if (!(std::abs(number) <= kExactIntegerMax)) {
    throw Error("{}: {}: found the number {}, too large to be exact; write it as a string",
                row.where, key, JsonText(value));
  }
  if (number == 0) return "0";  // -0.0 too
  std::array<char, 400> digits{};
  const auto end =
      std::to_chars(digits.begin(), digits.end(), number, std::chars_format::fixed).ptr;
  return {digits.begin(), end};
}

std::string ValueText(const rapidjson::Value& value, const Row& row, std::string_view key,
                      std::string_view separator) {
  if (value.IsString()) return {value.GetString(), value.GetStringLength()};
  if (value.IsNumber()) return NumberText(value, row, key);
  if (value.IsBool()) return value.GetBool() ? "true" : "false";
  if (!value.IsArray()) {
    const rapidjson::Value* fault = Member(value, kUnreadable);
    throw Error(
        "{}: {}: found {}, allowed: text, a number or a list; a path such as a.b leads into "
        "objects",
        row.where, key, fault == nullptr ? "an object" : fault->GetString());
  }
  std::string text;
  for (const rapidjson::Value& element : value.GetArray()) {
    if (&element != value.Begin()) text += separator;
    text += ValueText(element, row, key, separator);
  }
  return text;
}

bool IsPattern(std::string_view field) {
  return field.find('{') != std::string_view::npos;
}

std::string FillPattern(const Row& row, std::string_view pattern, std::string_view key) {
  std::string text;
  for (size_t open = pattern.find('{'); open != std::string_view::npos; open = pattern.find('{')) {
    const size_t close = pattern.find('}', open);
    if (close == std::string_view::npos) {
      throw Error("{}: found '{}', a brace that is not closed", key, pattern);
    }
    const std::string_view name = pattern.substr(open + 1, close - open - 1);
    text += pattern.substr(0, open);
    pattern.remove_prefix(close + 1);
    if (name.empty()) {
      text += "{}";
    } else if (const auto* value = FindField(row, name)) {
      text += ValueText(*value, row, key, "\n");
    } else if (name == "row") {
      text += std::to_string(row.number);
    } else {
      ThrowNoField(row, name, key);
    }
  }
  return text.append(pattern);
}

// A part of a message: {"type": "text", "text": ..}, or as OpenAI's responses have them.
std::string PartText(const rapidjson::Value& part, const std::string& where, Chat chat) {
  const JsonObject object(part, where + ": content");
  const std::string type = object.Get<std::string>("type", "text");
  if (type == "text" || type == "input_text" || type == "output_text")
    return object.Get<std::string>("text");
  if (chat == Chat::kPrompt)
    throw Error("{}: content: found a part of type '{}', allowed: text", where, type);
  return type == "refusal" ? object.Get<std::string>("refusal") : '[' + type + ']';
}

// A message's content: text, a list of parts, or nothing beside calls of tools.
std::string ContentText(const JsonObject& message, const char* key, Chat chat) {
  const bool calls = message.Has("tool_calls") || message.Has("function_call");
  if (chat == Chat::kTranscript && calls && !message.Has(key)) return "";
  const rapidjson::Value& content = message.Required(key);
  if (content.IsString()) return {content.GetString(), content.GetStringLength()};
  if (!content.IsArray())
    throw Error("{}: content: found {}, allowed: text", message.where(), JsonText(content));
  std::string text;
  for (const rapidjson::Value& part : content.GetArray())
    text += PartText(part, message.where(), chat);
  return text;
}

Message MessageOf(const rapidjson::Value& value, const std::string& where, Chat chat) {
  const JsonObject object(value, where);
  const bool share_gpt = object.Has("from");
  Message message{.role = object.Get<std::string>(share_gpt ? "from" : "role"),
                  .content = ContentText(object, share_gpt ? "value" : "content", chat)};
  std::string& role = message.role;
  if (role == "human") role = "user";
  if (role == "gpt") role = "assistant";
  if (role == "developer") role = "system";
  if (chat == Chat::kTranscript && role == "function") role = "tool";
  const bool tool = chat == Chat::kTranscript && role == "tool";
  if (role != "system" && role != "user" && role != "assistant" && !tool) {
    throw Error("{}: found the role '{}', allowed: system, user, assistant{}", where, role,
                chat == Chat::kTranscript ? ", tool" : "");
  }
  return message;
}

void ChooseFirst(std::string& field, const Row& row,
                 std::initializer_list<const char*> candidates) {
  for (const char* candidate : candidates) {
    if (field.empty() && FindField(row, candidate) != nullptr) field = candidate;
  }
}

}  // namespace

const rapidjson::Value* FindField(const Row& row, std::string_view name) {
  return Descend(row.value, name);
}

std::string FieldText(const Row& row, const std::string& field, std::string_view key,
                      std::string_view separator) {
  if (const auto* value = FindField(row, field)) return ValueText(*value, row, key, separator);
  if (!IsPattern(field)) ThrowNoField(row, field, key);
  return FillPattern(row, field, key);
}

std::vector<Message> FieldMessages(const Row& row, const std::string& field, std::string_view key,
                                   Chat chat) {
  const auto* value = FindField(row, field);
  if (value == nullptr) ThrowNoField(row, field, key);
  if (!value->IsArray() || value->Empty()) {
    throw Error("{}: {}: found no messages, allowed: [{{\"role\": .., \"content\": ..}}, ..]",
                row.where, field);
  }
  std::vector<Message> messages;
  for (const rapidjson::Value& element : value->GetArray()) {
    messages.push_back(
        MessageOf(element, fmt::format("{}: {}[{}]", row.where, field, messages.size()), chat));
  }
  return messages;
}

FieldsConfig ChooseFields(FieldsConfig fields, const Row& first, bool completions) {
  const bool explicit_input = !fields.prompt.empty() || !fields.messages.empty();
  ChooseFirst(fields.completion, first, {"completion", "response", "output"});
  if (!explicit_input) {
    ChooseFirst(fields.prompt, first,
                {"prompt", "question", "problem", "input", "instruction", "query", "text"});
    ChooseFirst(fields.messages, first, {"messages", "conversations"});
    if (completions && fields.completion.empty() && !fields.messages.empty()) fields.prompt.clear();
    if (!fields.prompt.empty()) fields.messages.clear();
    if (fields.prompt.empty() && fields.messages.empty())
      ThrowNoField(first, "prompt", "data.fields.prompt");
  }
  ChooseFirst(fields.reference, first,
              {"reference", "answer", "final_answer", "target", "ground_truth", "gold",
               "reward_model.ground_truth"});
  return fields;
}

std::map<std::string, std::string> AllColumns(const Row& row) {
  std::map<std::string, std::string> columns;
  for (const auto& member : row.value.GetObject()) {
    if (member.value.IsNull()) continue;
    std::string& text = columns[{member.name.GetString(), member.name.GetStringLength()}];
    if (member.value.IsString()) {
      text.assign(member.value.GetString(), member.value.GetStringLength());
    } else {
      text = JsonText(member.value);
    }
  }
  return columns;
}

}  // namespace rationale
