// The families of models: what each calls itself, its defaults and its keys.

#pragma once

#include <span>
#include <string_view>

#include "policy/config.h"
#include "policy/config_keys.h"

namespace rationale {

struct ModelFamily {
  std::string_view model_type;
  std::string_view architecture;
  ModelConfig (*defaults)();  // what a config.json without any key means
  void (*visit)(ConfigKeys& keys, ModelConfig& config);
};

// All of them. A new family is one line in this table, and its defaults and keys.
std::span<const ModelFamily> ModelFamilies();

// The rotary embedding's keys in both spellings; writes transformers 4's, which 5 reads as well.
// Requires config.max_position.
void VisitRope(ConfigKeys& keys, ModelConfig& config);

}  // namespace rationale
