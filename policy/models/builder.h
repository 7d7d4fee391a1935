// ParameterBuilder: where a model's blocks declare their parameters, and which tensors of the file
// they are.

#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "policy/model.h"
#include "policy/parameter.h"

namespace rationale {

// How a fresh parameter is filled: ones, zeros, or N(0, scale).
struct ParameterInit {
  enum class Kind { kNormal, kOnes, kZeros } kind = Kind::kNormal;
  double scale = 0;
};

// Owns nothing but the list; addresses stay valid as parameters are added.
class ParameterBuilder {
 public:
  struct Entry {
    Parameter parameter;
    ParameterInit init;
  };

  explicit ParameterBuilder(const ModelOptions& options) : options_(options) {}

  // A matrix [rows, columns] that is one tensor of the file; N(0, gain / sqrt(columns)).
  Parameter* Matrix(const std::string& name, const std::string& file_name, int64_t rows,
                    int64_t columns, double gain = 1);

  // A parameter that stacks parts of several file tensors, N(0, gain / sqrt(last size)).
  Parameter* Stacked(const std::string& name, std::vector<int64_t> sizes,
                     std::vector<ParameterSlice> slices, double gain = 1);

  // A norm's weight [size] of ones, or a bias of zeros: float parameters without weight decay.
  Parameter* Norm(const std::string& name, const std::string& file_name, int64_t size);
  Parameter* Bias(const std::string& name, const std::string& file_name, int64_t size);

  std::deque<Entry>& entries() { return entries_; }

 private:
  Parameter* Add(Parameter parameter, ParameterInit init);

  ModelOptions options_;
  std::deque<Entry> entries_;
};

}  // namespace rationale
