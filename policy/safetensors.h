// Safetensors: the Hugging Face weight format, read by memory map and written in shards.
//
// Format: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}},
// then the bytes. The rules that a header must keep are those of the safetensors library.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace rationale {

// All tensors of a folder: model.safetensors or, where there is none, the shards that
// model.safetensors.index.json lists.
class SafetensorsFolder {
 public:
  // Maps the files and checks every header: known dtypes, sizes equal to shape times dtype, data
  // without overlap or gap from the header's end to the file's. Throws Error naming the file and
  // what is wrong (a truncated file says how many bytes are missing).
  explicit SafetensorsFolder(const std::string& folder);
  ~SafetensorsFolder();
  SafetensorsFolder(const SafetensorsFolder&) = delete;
  SafetensorsFolder& operator=(const SafetensorsFolder&) = delete;

  std::vector<std::string> names() const;  // sorted
  bool Has(const std::string& name) const;

  // The tensor on the CPU. Read-only: its memory is the mapped file (a copy where the file does
  // not align it to its element size), which the tensor keeps mapped. Throws Error naming the
  // folder when there is no such tensor.
  at::Tensor Get(const std::string& name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct NamedTensor {
  std::string name;
  at::Tensor tensor;  // any device and strides
};

// Writes folder/model.safetensors or, when the tensors exceed `shard_bytes_max`, shards
// model-00001-of-0000N.safetensors filled in the given order, and their index. A tensor larger than
// a shard gets one of its own. Inside a file wider dtypes come first, which keeps every tensor
// aligned. Metadata {"format": "pt"}. Model files of an earlier write into the folder are replaced
// or removed, so a reader finds the new tensors only; their memory maps stay valid. Everything is
// fsynced. Throws Failure with the path on a full disk. Requires distinct names and dtypes that the
// format has.
void WriteSafetensors(const std::string& folder, const std::vector<NamedTensor>& tensors,
                      int64_t shard_bytes_max);

}  // namespace rationale
