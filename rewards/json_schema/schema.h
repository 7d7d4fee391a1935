// Schema: a JSON Schema, read and checked once, held against values with a bound on the work.
//
// Drafts 4 to 2020-12 (json-schema.org; Wright et al. 2022, draft-bhutton-json-schema-01 and
// -validation-01), but for what depends on other keywords' results or other documents:
// unevaluatedItems and unevaluatedProperties, $dynamicRef and $recursiveRef, an $id inside and $ref
// to another document. These, keywords we do not know and values that a keyword does not allow are
// errors: nothing is passed over in silence. `format` and `content...` are annotations, as drafts
// 2019-09 and later have them. Keywords of all drafts count, whatever $schema says; but beside $ref
// nothing does if it names a draft up to 7. 1.0 is an integer, patterns are ECMA-262's as far as
// PCRE2 has them.

#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "rewards/pattern.h"

namespace rationale {

class Schema {
 public:
  // Reads a JSON text. Throws Error beginning with `source` for what is no schema or refused.
  Schema(std::string_view text, std::string_view source);
  Schema(const Schema&) = delete;  // its references are addresses
  Schema& operator=(const Schema&) = delete;

  struct Result {
    bool decided = false;  // false: it takes more than the steps, or $ref goes round in circles
    bool valid = false;
    std::string reason;  // why not: "#/age breaks the schema's 'type'"
  };

  // Is the value (of bounded depth, as ParseJson gives) allowed? Each schema met by a value is a
  // step, so are 16 characters compared and an item of a pattern tried; to begin a pattern takes
  // 16. Thread-safe.
  Result Validate(const rapidjson::Value& value, int64_t steps) const;

 private:
  friend class SchemaReader;
  friend class SchemaValidator;

  rapidjson::Document document_;
  bool reference_stands_alone_ = false;                                           // drafts up to 7
  std::unordered_map<const rapidjson::Value*, const rapidjson::Value*> targets_;  // by $ref's value
  std::map<std::string, Pattern, std::less<>> patterns_;                          // by their text
};

}  // namespace rationale
