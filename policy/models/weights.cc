// Weights: how a Transformer's parameters are drawn, loaded, saved and hashed.

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>
#include <utility>

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "base/check.h"
#include "base/error.h"
#include "base/files.h"
#include "base/philox.h"
#include "policy/models/transformer.h"
#include "policy/safetensors.h"

namespace rationale {
namespace {

// A parameter as the matrix its slices speak of.
at::Tensor AsMatrix(const at::Tensor& tensor) {
  return tensor.dim() == 1 ? tensor.view({1, -1}) : tensor.view({-1, tensor.size(-1)});
}

// Normal numbers by Box and Muller (1958), two a pair of draws.
at::Tensor DrawNormal(const Parameter& parameter, double scale, uint64_t seed) {
  auto tensor = at::empty(parameter.sizes, at::kFloat);
  auto* data = tensor.mutable_data_ptr<float>();
  const uint64_t key = DeriveKey({seed, KeyPart("init"), KeyPart(parameter.name)});
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    const auto pair = static_cast<uint64_t>(i / 2);
    const double radius = std::sqrt(-2 * std::log(1 - Uniform(key, 2 * pair)));
    const double angle = 2 * std::numbers::pi * Uniform(key, 2 * pair + 1);
    data[i] = static_cast<float>(scale * radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle)));
  }
  return tensor;
}

// Gives `parameter` its values: as masters when trained, in the compute dtype alone otherwise.
void Install(Parameter& parameter, const at::Tensor& values, const ModelOptions& options) {
  if (!options.trainable) {
    parameter.value = values.to(options.device, parameter.dtype, false, true).contiguous();
    ++parameter.version;
    return;
  }
  parameter.master = values.to(options.device, at::kFloat, false, true).contiguous();
  parameter.UpdateValue();
  parameter.value.requires_grad_(true);
}

at::Tensor Initial(const ParameterBuilder::Entry& entry, uint64_t seed) {
  switch (entry.init.kind) {
    case ParameterInit::Kind::kOnes:
      return at::ones(entry.parameter.sizes, at::kFloat);
    case ParameterInit::Kind::kZeros:
      return at::zeros(entry.parameter.sizes, at::kFloat);
    case ParameterInit::Kind::kNormal:
      break;
  }
  return DrawNormal(entry.parameter, entry.init.scale, seed);
}

// The block of the file's matrix that a slice stands for, shaped as in the parameter.
at::Tensor FileBlock(const at::Tensor& file_matrix, const ParameterSlice& slice, int64_t columns) {
  if (!slice.transposed) return file_matrix.narrow(0, slice.file_row, slice.num_rows);
  return file_matrix.narrow(0, slice.file_row, columns).t();
}

// Sizes the file's tensor must have for all slices of all parameters to be its whole.
using FileSizes = std::map<std::string, std::vector<int64_t>>;

FileSizes SizesOfFile(Transformer& model) {
  FileSizes sizes;
  for (const auto& entry : model.entries()) {
    const Parameter& p = entry.parameter;
    const int64_t columns = p.sizes.back();
    for (const auto& slice : p.slices) {
      if (p.sizes.size() == 1) {
        sizes[slice.file_name] = p.sizes;
        continue;
      }
      const int64_t end = slice.file_row + (slice.transposed ? columns : slice.num_rows);
      auto& size = sizes[slice.file_name];
      size.resize(2, 0);
      size[0] = std::max(size[0], end);
      size[1] = slice.transposed ? slice.num_rows : columns;
    }
  }
  return sizes;
}

void CheckNoStrangers(Transformer& model, const SafetensorsFolder& file, const FileSizes& sizes,
                      const std::string& folder) {
  std::set<std::string> known;
  for (const auto& [name, size] : sizes) known.insert(name);
  for (int64_t i = 0; i < model.config().num_layers; ++i) known.insert(model.RouterBiasName(i));
  for (const auto& name : file.names()) {
    const bool
        later_layer =  // DeepSeek-V3 ships its multi-token-prediction module as one layer more
        name.starts_with("model.layers." + std::to_string(model.config().num_layers) + ".");
    const bool tied_copy = model.config().tied_embeddings && name == "lm_head.weight";
    if (known.contains(name) || later_layer || tied_copy || name.ends_with("rotary_emb.inv_freq")) {
      continue;
    }
    throw Error("{}: tensor '{}' has no place in a {} model as config.json describes it", folder,
                name, model.config().family);
  }
}

at::Tensor Assemble(const Parameter& parameter, const SafetensorsFolder& file,
                    const FileSizes& sizes, const std::string& folder) {
  auto values = at::empty(parameter.sizes, at::kFloat);
  auto matrix = AsMatrix(values);
  for (const auto& slice : parameter.slices) {
    const auto tensor = file.Get(slice.file_name);
    const auto& expected = sizes.at(slice.file_name);
    if (tensor.sizes().vec() != expected) {
      throw Error("{}: tensor '{}' has shape [{}], config.json asks for [{}]", folder,
                  slice.file_name, fmt::join(tensor.sizes().vec(), ", "),
                  fmt::join(expected, ", "));
    }
    matrix.narrow(0, slice.row, slice.num_rows)
        .copy_(FileBlock(AsMatrix(tensor), slice, matrix.size(1)));
  }
  return values;
}

const at::Tensor& Best(const Parameter& parameter) {
  return parameter.master.defined() ? parameter.master : parameter.value;
}

Transformer& AsTransformer(Model& model) {
  auto* transformer = dynamic_cast<Transformer*>(&model);
  Check{transformer != nullptr, "not a model of this folder"};
  return *transformer;
}

}  // namespace

std::unique_ptr<Model> CreateModel(const ModelConfig& config, const ModelOptions& options,
                                   uint64_t seed) {
  auto model = std::make_unique<Transformer>(config, options);
  for (auto& entry : model->entries()) Install(entry.parameter, Initial(entry, seed), options);
  return model;
}

std::unique_ptr<Model> LoadModel(const std::string& folder, const ModelOptions& options) {
  auto model = std::make_unique<Transformer>(LoadModelConfig(folder), options);
  const SafetensorsFolder file(folder);
  const auto sizes = SizesOfFile(*model);
  CheckNoStrangers(*model, file, sizes, folder);
  for (auto& entry : model->entries()) {
    Install(entry.parameter, Assemble(entry.parameter, file, sizes, folder), options);
  }
  for (int64_t i = 0; i < model->config().num_layers; ++i) {
    const auto name = model->RouterBiasName(i);
    if (!name.empty()) model->router_biases()[static_cast<size_t>(i)].copy_(file.Get(name));
  }
  return model;
}

void SaveModel(Model& model, const std::string& folder, at::ScalarType dtype,
               int64_t shard_bytes_max) {
  auto& transformer = AsTransformer(model);
  std::vector<NamedTensor> tensors;
  std::map<std::string, size_t> index;
  for (const auto& [name, size] : SizesOfFile(transformer)) {
    index[name] = tensors.size();
    tensors.push_back({name, at::empty(size, dtype)});
  }
  for (const auto& entry : transformer.entries()) {
    const auto matrix = AsMatrix(Best(entry.parameter).detach());
    for (const auto& slice : entry.parameter.slices) {
      auto block =
          FileBlock(AsMatrix(tensors[index.at(slice.file_name)].tensor), slice, matrix.size(1));
      block.copy_(matrix.narrow(0, slice.row, slice.num_rows));
    }
  }
  for (int64_t i = 0; i < model.config().num_layers; ++i) {
    const auto name = transformer.RouterBiasName(i);
    if (!name.empty()) tensors.push_back({name, model.router_biases()[static_cast<size_t>(i)]});
  }
  WriteSafetensors(folder, tensors, shard_bytes_max);
  WriteFileDurably(folder + "/config.json",
                   ModelConfigJson(model.config(), dtype == at::kFloat ? "float32" : "bfloat16"));
}

std::string ParamsHash(Model& model) {
  Sha256 hash;
  const auto add = [&hash](const std::string& name, const at::Tensor& tensor) {
    const auto bytes = tensor.detach().cpu().contiguous();
    hash.Update(fmt::format("{} [{}] ", name, fmt::join(bytes.sizes().vec(), ",")));
    hash.Update(bytes.const_data_ptr(), bytes.nbytes());
  };
  for (const Parameter* parameter : model.parameters()) add(parameter->name, Best(*parameter));
  for (size_t i = 0; i < model.router_biases().size(); ++i) {
    if (model.router_biases()[i].defined())
      add(fmt::format("router_bias.{}", i), model.router_biases()[i]);
  }
  return hash.Hex();
}

}  // namespace rationale
