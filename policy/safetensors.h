// Safetensors: the Hugging Face weight format, read by memory map and written in shards.
//
// Format: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}}, then the bytes.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace rationale {

// All tensors of a folder: model.safetensors, or the shards model.safetensors.index.json lists.
class SafetensorsFolder {
 public:
  // Maps the files and checks every header: offsets inside the file, no overlap, sizes equal to shape times dtype.
  // Throws Error naming the file and what is wrong (a truncated file says how many bytes are missing).
  explicit SafetensorsFolder(const std::string& folder);
  ~SafetensorsFolder();

  std::vector<std::string> names() const;  // sorted
  bool Has(const std::string& name) const;
  // A view of the mapped bytes (F32, F16, BF16, I64, ...), valid while this object lives. Throws Error when absent.
  at::Tensor Get(const std::string& name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct NamedTensor {
  std::string name;
  at::Tensor tensor;  // any device, made contiguous on the way out
};

// Writes `tensors` in order to folder/model.safetensors, or to model-00001-of-0000N.safetensors plus the index when they
// exceed shard_bytes_max. Metadata {"format": "pt"}. Throws Failure with the path on a full disk; files are fsynced.
void WriteSafetensors(const std::string& folder, const std::vector<NamedTensor>& tensors, int64_t shard_bytes_max);

}  // namespace rationale
