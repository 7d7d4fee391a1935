// Parts: the typed objects {"type": "...", ...} that tokenizer.json is made of.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace rationale {

template <class Part>
struct PartMaker {
  std::string_view type;
  Part (*make)(const JsonObject& json);
};

// The part that `json` describes. Throws Error naming a type that has no maker.
template <class Part>
Part MakePart(const JsonObject& json, std::span<const PartMaker<Part>> makers) {
  const auto type = json.Get<std::string>("type");
  std::string allowed;
  for (const PartMaker<Part>& maker : makers) {
    if (maker.type == type) return maker.make(json);
    allowed.append(" ").append(maker.type);
  }
  throw Error("{}: type: found '{}', allowed:{}", json.where(), type, allowed);
}

// The objects of the array `key`.
inline std::vector<JsonObject> ObjectsOf(const JsonObject& json, const std::string& key) {
  const rapidjson::Value& array = json.Required(key);
  if (!array.IsArray()) {
    throw Error("{}: {}: found {}, allowed: an array", json.where(), key, JsonText(array));
  }
  std::vector<JsonObject> objects;
  for (const rapidjson::Value& element : array.GetArray()) {
    objects.emplace_back(element,
                         json.where() + ": " + key + "[" + std::to_string(objects.size()) + "]");
  }
  return objects;
}

// The parts that a Sequence lists under `key`.
template <class Part>
std::vector<Part> MakeParts(const JsonObject& json, const std::string& key,
                            Part (*make)(const JsonObject& json)) {
  std::vector<Part> parts;
  for (const JsonObject& object : ObjectsOf(json, key)) parts.push_back(make(object));
  return parts;
}

}  // namespace rationale
