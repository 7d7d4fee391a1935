#include <string>

#include "base/error.h"
#include "policy/config_families.h"

namespace rationale {
namespace {

double Positive(const JsonObject& json, const char* key, double value) {
  if (!(value > 0)) throw Error("{}: {}: found {}, allowed: above 0", json.where(), key, value);
  return value;
}

void RefusePartialRotary(const JsonObject& json) {
  if (const double part = json.Get("partial_rotary_factor", 1.0); part != 1.0) {
    throw Error("{}: partial_rotary_factor: found {}, allowed: 1", json.where(), part);
  }
}

void ReadLlama3(const JsonObject& json, RopeConfig& rope) {
  rope.low_freq_factor = Positive(json, "low_freq_factor", json.Get<double>("low_freq_factor"));
  rope.high_freq_factor = json.Get<double>("high_freq_factor");
  if (rope.high_freq_factor <= rope.low_freq_factor) {
    throw Error("{}: high_freq_factor: found {}, allowed: above low_freq_factor, {}", json.where(),
                rope.high_freq_factor, rope.low_freq_factor);
  }
}

void ReadYarn(const JsonObject& json, RopeConfig& rope) {
  rope.beta_fast = Positive(json, "beta_fast", json.Get("beta_fast", rope.beta_fast));
  rope.beta_slow = Positive(json, "beta_slow", json.Get("beta_slow", rope.beta_slow));
  rope.mscale = json.Get("mscale", 0.0);
  rope.mscale_all_dim = json.Get("mscale_all_dim", 0.0);
  if (json.Has("attention_factor")) {
    rope.attention_factor =
        Positive(json, "attention_factor", json.Get<double>("attention_factor"));
  }
  rope.truncate = json.Get("truncate", true);
}

// `file`: the whole config.json; `json`: its rope_scaling or rope_parameters.
void ReadScaling(const JsonObject& file, const JsonObject& json, double max_position,
                 RopeConfig& rope) {
  rope.type = json.Get<std::string>("rope_type", json.Get<std::string>("type", "default"));
  if (rope.type == "default") return;
  if (rope.type != "linear" && rope.type != "llama3" && rope.type != "yarn") {
    throw Error("{}: rope_type: found '{}', allowed: default linear llama3 yarn", json.where(),
                rope.type);
  }
  rope.factor = Positive(json, "factor", json.Get<double>("factor"));
  if (rope.type == "linear") return;
  const char* key = "original_max_position_embeddings";
  rope.original_max_position = Positive(json, key, file.Get(key, json.Get(key, max_position)));
  if (rope.type == "llama3") {
    ReadLlama3(json, rope);
  } else {
    ReadYarn(json, rope);
  }
}

// Where a file has both spellings, rope_scaling counts: transformers 5 does the same.
void ReadRope(const JsonObject& file, double max_position, RopeConfig& rope) {
  RefusePartialRotary(file);
  rope.theta = file.Get("rope_theta", rope.theta);
  auto parameters = file.OptionalObject("rope_scaling");
  if (!parameters || parameters->keys().empty()) {
    parameters = file.OptionalObject("rope_parameters");
  }
  if (parameters) {
    for (const std::string& key : parameters->keys()) {
      if (const auto* value = parameters->Find(key); value != nullptr && value->IsObject()) {
        throw Error("{}: {}: rope parameters of single layer types are not built",
                    parameters->where(), key);
      }
    }
    RefusePartialRotary(*parameters);
    rope.theta = parameters->Get("rope_theta", rope.theta);
    ReadScaling(file, *parameters, max_position, rope);
  }
  Positive(file, "rope_theta", rope.theta);
}

std::string ScalingJson(const RopeConfig& rope, double max_position) {
  if (rope.type == "default") return "null";
  JsonWriter json;
  json.BeginObject().Field("rope_type", rope.type).Field("factor", rope.factor);
  if (rope.type != "linear") {
    const double original = rope.original_max_position;
    json.Field("original_max_position_embeddings",
               static_cast<int64_t>(original == 0 ? max_position : original));
  }
  if (rope.type == "llama3") {
    json.Field("low_freq_factor", rope.low_freq_factor);
    json.Field("high_freq_factor", rope.high_freq_factor);
  }
  if (rope.type == "yarn") {
    json.Field("beta_fast", rope.beta_fast).Field("beta_slow", rope.beta_slow);
    if (rope.mscale != 0) json.Field("mscale", rope.mscale);
    if (rope.mscale_all_dim != 0) json.Field("mscale_all_dim", rope.mscale_all_dim);
    if (rope.attention_factor != 0) json.Field("attention_factor", rope.attention_factor);
    if (!rope.truncate) json.Field("truncate", false);
  }
  return json.EndObject().Take();
}

}  // namespace

void VisitRope(ConfigKeys& keys, ModelConfig& config) {
  const auto max_position = static_cast<double>(config.max_position);
  if (keys.file() != nullptr) {
    ReadRope(*keys.file(), max_position, config.rope);
  } else {
    keys.Write("rope_theta", JsonNumber(config.rope.theta));
    keys.Write("rope_scaling", ScalingJson(config.rope, max_position));
  }
}

}  // namespace rationale
