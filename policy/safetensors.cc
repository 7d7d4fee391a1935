#include "policy/safetensors.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "base/check.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace rationale {
namespace {

constexpr std::string_view kSingleFile = "model.safetensors";
constexpr std::string_view kIndexFile = "model.safetensors.index.json";
constexpr size_t kHeaderBytesMax = 100'000'000;  // the library's own limit

struct Dtype {
  std::string_view name;
  at::ScalarType type;
};

constexpr std::array<Dtype, 15> kDtypes = {{
    {"F64", at::kDouble},
    {"F32", at::kFloat},
    {"F16", at::kHalf},
    {"BF16", at::kBFloat16},
    {"F8_E4M3", at::kFloat8_e4m3fn},
    {"F8_E5M2", at::kFloat8_e5m2},
    {"I64", at::kLong},
    {"I32", at::kInt},
    {"I16", at::kShort},
    {"I8", at::kChar},
    {"U64", at::kUInt64},
    {"U32", at::kUInt32},
    {"U16", at::kUInt16},
    {"U8", at::kByte},
    {"BOOL", at::kBool},
}};

// One tensor of a mapped file.
struct Entry {
  std::shared_ptr<const MappedFile> file;
  at::ScalarType type = at::kFloat;
  std::vector<int64_t> shape;
  size_t begin = 0, end = 0;  // in the file
};

at::ScalarType ParseDtype(const std::string& name, const std::string& where) {
  for (const Dtype& dtype : kDtypes) {
    if (dtype.name == name) return dtype.type;
  }
  std::string allowed;
  for (const Dtype& dtype : kDtypes) allowed.append(" ").append(dtype.name);
  throw Error("{}: dtype: found '{}', allowed:{}", where, name, allowed);
}

// shape's element count times the element size; nothing on overflow.
std::optional<size_t> NumBytes(const std::vector<int64_t>& shape, at::ScalarType type) {
  size_t bytes = c10::elementSize(type);
  for (const int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<size_t>(size), &bytes)) return {};
  }
  return bytes;
}

Entry ParseEntry(const std::string& name, const rapidjson::Value& value,
                 const std::shared_ptr<const MappedFile>& file, size_t data_begin) {
  const JsonObject json(value, file->path() + ": tensor '" + name + "'");
  Entry entry;
  entry.file = file;
  entry.type = ParseDtype(json.Get<std::string>("dtype"), json.where());
  entry.shape = json.Get<std::vector<int64_t>>("shape");
  const auto offsets = json.Get<std::vector<uint64_t>>("data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    throw Error("{}: data_offsets: found {}, allowed: [begin, end] with begin <= end", json.where(),
                JsonText(json.Required("data_offsets")));
  }
  const std::optional<size_t> bytes = NumBytes(entry.shape, entry.type);
  if (!bytes || *bytes != offsets[1] - offsets[0]) {
    throw Error("{}: its shape {} of {} takes {} bytes, data_offsets give it {}", json.where(),
                JsonText(json.Required("shape")), json.Get<std::string>("dtype"),
                bytes ? std::to_string(*bytes) : "too many", offsets[1] - offsets[0]);
  }
  if (__builtin_add_overflow(data_begin, offsets[0], &entry.begin) ||
      __builtin_add_overflow(data_begin, offsets[1], &entry.end)) {
    throw Error("{}: data_offsets beyond 2^64", json.where());
  }
  return entry;
}

// The data of a file's tensors, sorted by place, must cover [data_begin, size of the file) exactly.
void CheckCoverage(const std::map<std::string, Entry>& entries, const MappedFile& file,
                   size_t data_begin) {
  std::vector<const std::pair<const std::string, Entry>*> sorted;
  for (const auto& item : entries) sorted.push_back(&item);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  size_t end = data_begin;
  const std::string* last = nullptr;
  for (const auto* item : sorted) {
    if (item->second.begin < end) {
      throw Error("{}: tensors '{}' and '{}' overlap by {} bytes", file.path(), *last, item->first,
                  end - item->second.begin);
    }
    if (item->second.begin > end) {
      throw Error("{}: {} bytes before tensor '{}' belong to no tensor", file.path(),
                  item->second.begin - end, item->first);
    }
    end = item->second.end;
    last = &item->first;
  }
  if (end > file.size()) {
    throw Error("{}: truncated: {} of {} bytes are missing", file.path(), end - file.size(), end);
  }
  if (end < file.size()) {
    throw Error("{}: {} bytes after the last tensor belong to no tensor", file.path(),
                file.size() - end);
  }
}

std::map<std::string, Entry> ReadHeader(const std::shared_ptr<const MappedFile>& file) {
  constexpr size_t kLengthBytes = 8;
  const std::string& path = file->path();
  if (file->size() < kLengthBytes) {
    throw Error("{}: truncated: {} bytes, a safetensors file has 8 at least", path, file->size());
  }
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file->data(), kLengthBytes);
  if (header_bytes > kHeaderBytesMax) {
    throw Error("{}: not a safetensors file: its header would have {} bytes, allowed: up to {}",
                path, header_bytes, kHeaderBytesMax);
  }
  const size_t data_begin = kLengthBytes + header_bytes;
  if (data_begin > file->size()) {
    throw Error("{}: truncated: {} of the header's {} bytes are missing", path,
                data_begin - file->size(), header_bytes);
  }
  const rapidjson::Document document =
      ParseJson(file->text().substr(kLengthBytes, header_bytes), path + " (header)");
  if (!document.IsObject()) throw Error("{}: its header is not a JSON object", path);
  std::map<std::string, Entry> entries;
  for (const auto& member : document.GetObject()) {
    const std::string name(member.name.GetString(), member.name.GetStringLength());
    if (name == "__metadata__") continue;
    if (!entries.emplace(name, ParseEntry(name, member.value, file, data_begin)).second) {
      throw Error("{}: tensor '{}' is listed twice", path, name);
    }
  }
  CheckCoverage(entries, *file, data_begin);
  return entries;
}

// tensor name -> shard file, from the index.
std::map<std::string, std::string> ReadIndex(const std::string& path) {
  const rapidjson::Document document = ReadJson(path);
  const auto shard_of =
      JsonObject(document, path).Get<std::map<std::string, std::string>>("weight_map");
  for (const auto& [name, shard] : shard_of) {
    if (shard.empty() || shard.find('/') != std::string::npos) {
      throw Error("{}: weight_map.{}: found '{}', allowed: a file name without '/'", path, name,
                  shard);
    }
  }
  return shard_of;
}

}  // namespace

struct SafetensorsFolder::Impl {
  std::string folder;
  std::map<std::string, Entry> entries;

  void AddFile(const std::string& path) {
    for (auto& [name, entry] : ReadHeader(std::make_shared<MappedFile>(path))) {
      const auto [place, added] = entries.emplace(name, std::move(entry));
      if (!added) {
        throw Error("{}: tensor '{}' is also in {}", path, name, place->second.file->path());
      }
    }
  }
};

SafetensorsFolder::SafetensorsFolder(const std::string& folder) : impl_(new Impl) {
  impl_->folder = folder;
  const std::filesystem::path base(folder);
  const std::string single = base / kSingleFile;
  const std::string index = base / kIndexFile;
  if (std::filesystem::exists(single)) {
    impl_->AddFile(single);
    return;
  }
  if (!std::filesystem::exists(index)) {
    throw Error("{}: found neither {} nor {}", folder, kSingleFile, kIndexFile);
  }
  const auto shard_of = ReadIndex(index);
  std::set<std::string> shards;
  for (const auto& [name, shard] : shard_of) shards.insert(shard);
  for (const std::string& shard : shards) {
    if (!std::filesystem::exists(base / shard)) {
      throw Error("{}: the shard {}, which {} lists, is missing", folder, shard, kIndexFile);
    }
    impl_->AddFile(base / shard);
  }
  for (const auto& [name, shard] : shard_of) {
    const auto entry = impl_->entries.find(name);
    if (entry == impl_->entries.end() || entry->second.file->path() != base / shard) {
      throw Error("{}: tensor '{}' is not in {}, where {} places it", folder, name, shard,
                  kIndexFile);
    }
  }
}

SafetensorsFolder::~SafetensorsFolder() = default;

std::vector<std::string> SafetensorsFolder::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : impl_->entries) names.push_back(name);
  return names;
}

bool SafetensorsFolder::Has(const std::string& name) const {
  return impl_->entries.contains(name);
}

at::Tensor SafetensorsFolder::Get(const std::string& name) const {
  const auto found = impl_->entries.find(name);
  if (found == impl_->entries.end()) {
    throw Error("{}: no tensor '{}' among the {} of its safetensors files", impl_->folder, name,
                impl_->entries.size());
  }
  const Entry& entry = found->second;
  const std::byte* bytes = entry.file->data() + entry.begin;
  if (entry.begin % c10::elementSize(entry.type) != 0) {
    at::Tensor copy = at::empty(entry.shape, at::TensorOptions(entry.type));
    std::memcpy(copy.mutable_data_ptr(), bytes, entry.end - entry.begin);
    return copy;
  }
  return at::from_blob(
      const_cast<std::byte*>(bytes), entry.shape, [file = entry.file](void*) {},
      at::TensorOptions(entry.type));
}

namespace {

size_t TensorBytes(const at::Tensor& tensor) {
  return static_cast<size_t>(tensor.numel()) * tensor.element_size();
}

std::string_view DtypeName(at::ScalarType type) {
  for (const Dtype& dtype : kDtypes) {
    if (dtype.type == type) return dtype.name;
  }
  throw CheckFailure(std::string("safetensors has no dtype for ") + c10::toString(type));
}

// The 8 length bytes and the header, padded with spaces so that the data begins at a multiple of 8.
std::string Header(const std::vector<const NamedTensor*>& tensors) {
  JsonWriter json;
  json.BeginObject().Key("__metadata__").BeginObject().Field("format", "pt").EndObject();
  size_t offset = 0;
  for (const NamedTensor* item : tensors) {
    const size_t end = offset + TensorBytes(item->tensor);
    json.Key(item->name).BeginObject();
    json.Field("dtype", DtypeName(item->tensor.scalar_type()));
    json.Field("shape", item->tensor.sizes().vec());
    json.Key("data_offsets").BeginArray().Value(uint64_t{offset}).Value(uint64_t{end}).EndArray();
    json.EndObject();
    offset = end;
  }
  std::string text = json.EndObject().Take();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string length(8, '\0');
  const uint64_t header_bytes = text.size();
  std::memcpy(length.data(), &header_bytes, length.size());
  return length + text;
}

void WriteFile(const std::string& path, std::vector<const NamedTensor*> tensors) {
  std::stable_sort(tensors.begin(), tensors.end(), [](const auto* a, const auto* b) {
    return a->tensor.element_size() > b->tensor.element_size();
  });
  const std::string temporary = path + ".partial";
  FileWriter file(temporary);
  file.Write(Header(tensors));
  for (const NamedTensor* item : tensors) {
    const at::Tensor bytes = item->tensor.detach().to(at::kCPU).contiguous();
    file.Write(bytes.const_data_ptr(), TensorBytes(bytes));
  }
  file.Close();
  RenameDurably(temporary, path);
}

// Greedy, in order.
std::vector<std::vector<const NamedTensor*>> Shards(const std::vector<NamedTensor>& tensors,
                                                    size_t shard_bytes_max) {
  std::vector<std::vector<const NamedTensor*>> shards(1);
  size_t bytes = 0;
  for (const NamedTensor& item : tensors) {
    const size_t more = TensorBytes(item.tensor);
    if (!shards.back().empty() && bytes + more > shard_bytes_max) {
      shards.emplace_back();
      bytes = 0;
    }
    shards.back().push_back(&item);
    bytes += more;
  }
  return shards;
}

bool IsModelFile(const std::string& name) {
  return name == kIndexFile || (name.starts_with("model") && name.ends_with(".safetensors"));
}

}  // namespace

void WriteSafetensors(const std::string& folder, const std::vector<NamedTensor>& tensors,
                      int64_t shard_bytes_max) {
  Check{shard_bytes_max > 0, "shard_bytes_max ", shard_bytes_max};
  std::set<std::string> distinct;
  for (const NamedTensor& item : tensors) {
    Check{distinct.insert(item.name).second, "tensor '", item.name, "' is given twice"};
  }
  MakeFolders(folder);
  const std::filesystem::path base(folder);
  const auto shards = Shards(tensors, static_cast<size_t>(shard_bytes_max));
  std::set<std::string> written;
  std::map<std::string, std::string> shard_of;
  uint64_t total_bytes = 0;
  for (size_t i = 0; i < shards.size(); ++i) {
    const std::string name =
        shards.size() == 1 ? std::string(kSingleFile)
                           : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    WriteFile(base / name, shards[i]);
    written.insert(name);
    for (const NamedTensor* item : shards[i]) {
      shard_of[item->name] = name;
      total_bytes += TensorBytes(item->tensor);
    }
  }
  if (shards.size() > 1) {
    JsonWriter json;
    json.BeginObject().Key("metadata").BeginObject().Field("total_size", total_bytes).EndObject();
    json.Field("weight_map", shard_of).EndObject();
    WriteFileDurably(base / kIndexFile, json.Take() + "\n");
    written.emplace(kIndexFile);
  }
  for (const auto& file : std::filesystem::directory_iterator(base)) {
    const std::string name = file.path().filename();
    if (IsModelFile(name) && !written.contains(name)) RemoveAll(file.path());
  }
  SyncFolder(folder);
}

}  // namespace rationale
