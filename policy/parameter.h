// Parameter: one weight of the model: the float32 master the optimizer moves, the value the ops
// read, its gradient.
//
// A parameter may stack rows of several tensors of the Hugging Face file (the experts of a layer,
// gate and up projections): `slices` says which rows come from where, for loading and saving alike.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace rationale {

// Rows [row, row + num_rows) of the parameter, seen as a matrix [product of the leading sizes, last
// size], are rows [file_row, file_row + num_rows) of the file's tensor `file_name`. `transposed`:
// the block is the transpose of the file's block, which then has `columns` rows from file_row on
// and num_rows columns.
struct ParameterSlice {
  std::string file_name;
  int64_t row = 0;
  int64_t num_rows = 0;
  int64_t file_row = 0;
  bool transposed = false;
};

struct Parameter {
  std::string name;  // ours, unique in the model, e.g. "layers.3.mlp.experts.gate_up"
  std::vector<int64_t> sizes;
  std::vector<ParameterSlice> slices;
  at::ScalarType dtype = at::kFloat;  // of `value`: the run's compute dtype; float32 for routers
  bool exact = false;  // never multiplied in less than `dtype` (Int8Products): routers, MLA's
                       // absorbed matrices
  bool decay = true;   // AdamW's weight decay applies: matrices yes, norms and biases no

  at::Tensor master;  // float32; undefined in a model that is only sampled from
  at::Tensor value;   // `dtype`, contiguous; requires_grad marks the parameter as trained
  at::Tensor
      grad;  // float32, added to by every backward pass; undefined until the first; see ops.h

  // Counts the changes of `value`; ops repack what they derived from it when it moves.
  int64_t version = 0;
  std::shared_ptr<void>
      packed;  // owned by the ops of `value`'s device: its packed form and that form's version

  // value = master in `dtype` (round to nearest even), version + 1. Requires a master.
  void UpdateValue();
};

}  // namespace rationale
