// Fields: columns, paths and patterns over a row, as FieldsConfig describes them.

#pragma once

#include <rapidjson/document.h>

#include <string>
#include <string_view>
#include <vector>

#include "datasets/data_config.h"
#include "datasets/problem.h"
#include "datasets/readers/rows.h"

namespace rationale {

// The value of a column, or of a path into objects where no column has that very name; null when
// absent or JSON's null.
const rapidjson::Value* FindField(const Row& row, std::string_view name);

// The field's text: strings as they are, numbers plainly (43.0 is "43", 1e-3 is "0.001"), booleans
// as true and false, a list's elements joined by `separator`; patterns filled in. `key` is the
// option's name, for messages. Throws Error naming the row, the key and the row's columns for a
// column that is absent or null, an object, and a number that is no exact integer and too large to
// be meant as one (above 2^53: it must be written as a string).
std::string FieldText(const Row& row, const std::string& field, std::string_view key,
                      std::string_view separator = ", ");

// What messages may be of: of a prompt, what templates (templates.h) can write, which is text of
// the system, the user and the assistant; of a transcript also tools' answers, calls of tools,
// which leave no text, and parts that are no text, which leave their type: "[image]".
enum class Chat { kPrompt, kTranscript };

// The field's chat messages, as OpenAI's, TRL's, verl's and ShareGPT's files have them; a developer
// is the system. Throws Error as FieldText does, and for a malformed message.
std::vector<Message> FieldMessages(const Row& row, const std::string& field, std::string_view key,
                                   Chat chat = Chat::kPrompt);

// The configuration with its empty fields chosen by a file's first row. `completions`: they are
// wanted, so messages that hold one are preferred to a prompt without. Throws Error naming the
// row's columns when there is neither prompt nor messages.
FieldsConfig ChooseFields(FieldsConfig fields, const Row& first, bool completions);

// All columns that are not null: strings as they are, others as JSON.
std::map<std::string, std::string> AllColumns(const Row& row);

}  // namespace rationale
