#include "policy/models/builder.h"

#include <cmath>
#include <utility>

namespace rationale {

Parameter* ParameterBuilder::Add(Parameter parameter, ParameterInit init) {
  parameter.dtype = options_.dtype;
  entries_.push_back({std::move(parameter), init});
  return &entries_.back().parameter;
}

Parameter* ParameterBuilder::Matrix(const std::string& name, const std::string& file_name,
                                    int64_t rows, int64_t columns, double gain) {
  return Stacked(name, {rows, columns}, {{.file_name = file_name, .num_rows = rows}}, gain);
}

Parameter* ParameterBuilder::Stacked(const std::string& name, std::vector<int64_t> sizes,
                                     std::vector<ParameterSlice> slices, double gain) {
  const double scale = gain / std::sqrt(static_cast<double>(sizes.back()));
  Parameter parameter;
  parameter.name = name;
  parameter.sizes = std::move(sizes);
  parameter.slices = std::move(slices);
  return Add(std::move(parameter), {ParameterInit::Kind::kNormal, scale});
}

Parameter* ParameterBuilder::Norm(const std::string& name, const std::string& file_name,
                                  int64_t size) {
  Parameter* norm = Bias(name, file_name, size);
  entries_.back().init.kind = ParameterInit::Kind::kOnes;
  return norm;
}

Parameter* ParameterBuilder::Bias(const std::string& name, const std::string& file_name,
                                  int64_t size) {
  Parameter parameter;
  parameter.name = name;
  parameter.sizes = {size};
  parameter.slices = {{.file_name = file_name, .num_rows = 1}};
  parameter.decay = false;
  return Add(std::move(parameter), {ParameterInit::Kind::kZeros, 0});
}

}  // namespace rationale
