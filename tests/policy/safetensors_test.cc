#include "policy/safetensors.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "base/check.h"
#include "base/error.h"
#include "base/files.h"

namespace rationale {
namespace {

// A file of this header and data.
std::string FileBytes(const std::string& header, const std::string& data) {
  std::string bytes(8, '\0');
  const uint64_t size = header.size();
  std::memcpy(bytes.data(), &size, 8);
  return bytes + header + data;
}

class SafetensorsTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  void WriteModel(const std::string& bytes) { WriteFileDurably(Path("model.safetensors"), bytes); }

  // What opening the folder says, its path removed.
  std::string OpenMessage() const {
    try {
      SafetensorsFolder{folder_.path()};
    } catch (const Error& error) {
      std::string message = error.what();
      while (message.find(folder_.path()) != std::string::npos) {
        message.replace(message.find(folder_.path()), folder_.path().size(), "DIR");
      }
      return message;
    }
    return "opened";
  }

  std::vector<std::string> FileNames() const {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
      names.push_back(file.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryFolder folder_;
};

at::Tensor Numbers(int64_t count, at::ScalarType type) {
  return at::arange(count).to(type);
}

TEST_F(SafetensorsTest, ReadsBackWhatItWrote) {
  const std::vector<NamedTensor> tensors = {
      {"b.half", Numbers(3, at::kBFloat16)},
      {"a.float", Numbers(6, at::kFloat).view({2, 3})},
      {"scalar", at::tensor(7.5).to(at::kDouble).view({})},
      {"empty", at::zeros({0, 4})},
      {"transposed", Numbers(6, at::kLong).view({2, 3}).t()},
      {"bytes", Numbers(5, at::kByte)},
      {"odd", Numbers(1, at::kHalf)},
  };
  WriteSafetensors(folder_.path(), tensors, 1 << 20);
  const SafetensorsFolder read(folder_.path());
  EXPECT_EQ(read.names(), (std::vector<std::string>{"a.float", "b.half", "bytes", "empty", "odd",
                                                    "scalar", "transposed"}));
  for (const NamedTensor& item : tensors) {
    const at::Tensor tensor = read.Get(item.name);
    EXPECT_EQ(tensor.scalar_type(), item.tensor.scalar_type()) << item.name;
    EXPECT_EQ(tensor.sizes(), item.tensor.sizes()) << item.name;
    EXPECT_TRUE(at::equal(tensor, item.tensor)) << item.name;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.const_data_ptr()) % tensor.element_size(), 0u)
        << item.name;
  }
  EXPECT_TRUE(read.Has("odd"));
  EXPECT_FALSE(read.Has("even"));
}

TEST_F(SafetensorsTest, ReadsAFileOfTheSafetensorsLibrary) {
  const SafetensorsFolder read(std::string(RATIONALE_SOURCE_DIR) + "/tests/golden/safetensors");
  EXPECT_EQ(read.names(), (std::vector<std::string>{"bool", "float", "half", "int"}));
  EXPECT_TRUE(at::equal(read.Get("float"), at::tensor({1.5f, -2.25f, 1e-30f, 3e38f}).view({2, 2})));
  EXPECT_TRUE(at::equal(read.Get("half"), at::tensor({0.5f, -3.0f, 65504.0f}).to(at::kHalf)));
  EXPECT_TRUE(at::equal(read.Get("int"), at::tensor({int64_t{-1}, int64_t{1} << 62})));
  EXPECT_TRUE(at::equal(read.Get("bool"), at::tensor({1, 0, 1}).to(at::kBool)));
}

TEST_F(SafetensorsTest, SplitsIntoShardsInOrder) {
  std::vector<NamedTensor> tensors;
  for (int i = 0; i < 5; ++i) {
    tensors.push_back({"t" + std::to_string(i), Numbers(10 + i, at::kFloat)});
  }
  WriteSafetensors(folder_.path(), tensors, 90);  // 40 + 44, 48, 52, 56 bytes
  EXPECT_EQ(FileNames(), (std::vector<std::string>{
                             "model-00001-of-00004.safetensors", "model-00002-of-00004.safetensors",
                             "model-00003-of-00004.safetensors", "model-00004-of-00004.safetensors",
                             "model.safetensors.index.json"}));
  EXPECT_NE(ReadFile(Path("model.safetensors.index.json")).find("\"total_size\":240"),
            std::string::npos);
  const SafetensorsFolder read(folder_.path());
  for (const NamedTensor& item : tensors) EXPECT_TRUE(at::equal(read.Get(item.name), item.tensor));
}

TEST_F(SafetensorsTest, AWriteLeavesNothingOfTheOneBeforeAndDoesNotDisturbItsReaders) {
  WriteSafetensors(folder_.path(), {{"old", Numbers(4, at::kFloat)}}, 1000);
  at::Tensor old;
  {
    const SafetensorsFolder read(folder_.path());
    old = read.Get("old");
  }
  WriteSafetensors(folder_.path(), {{"x", Numbers(4, at::kFloat)}, {"y", Numbers(5, at::kFloat)}},
                   16);
  EXPECT_EQ(SafetensorsFolder(folder_.path()).names(), (std::vector<std::string>{"x", "y"}));
  WriteSafetensors(folder_.path(), {{"z", at::zeros({4})}}, 1000);
  EXPECT_EQ(FileNames(), std::vector<std::string>{"model.safetensors"});
  EXPECT_EQ(SafetensorsFolder(folder_.path()).names(), std::vector<std::string>{"z"});
  EXPECT_TRUE(at::equal(old, Numbers(4, at::kFloat)));
}

TEST_F(SafetensorsTest, CopiesATensorThatTheFileDoesNotAlign) {
  WriteModel(FileBytes(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                       R"("f":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})",
                       std::string("\x07\x00\x00\x80\x3f", 5)));
  EXPECT_TRUE(at::equal(SafetensorsFolder(folder_.path()).Get("f"), at::tensor({1.0f})));
}

TEST_F(SafetensorsTest, SaysHowManyBytesATruncatedFileLacks) {
  WriteSafetensors(folder_.path(), {{"x", Numbers(100, at::kFloat)}}, 1000);
  const std::string whole = ReadFile(Path("model.safetensors"));
  WriteModel(whole.substr(0, whole.size() - 13));
  EXPECT_EQ(OpenMessage(), "DIR/model.safetensors: truncated: 13 of " +
                               std::to_string(whole.size()) + " bytes are missing");
  WriteModel(whole.substr(0, 20));
  const std::string header_bytes = std::to_string(whole.size() - 400 - 8);
  EXPECT_EQ(OpenMessage(),
            "DIR/model.safetensors: truncated: " + std::to_string(whole.size() - 400 - 20) +
                " of the header's " + header_bytes + " bytes are missing");
  WriteModel(whole.substr(0, 5));
  EXPECT_EQ(OpenMessage(),
            "DIR/model.safetensors: truncated: 5 bytes, a safetensors file has 8 at least");
}

TEST_F(SafetensorsTest, RefusesHeadersThatLie) {
  const std::string x = R"("x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{" + x + R"(,"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       "DIR/model.safetensors: tensors 'x' and 'y' overlap by 4 bytes"},
      {R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       "DIR/model.safetensors: 4 bytes before tensor 'x' belong to no tensor"},
      {R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
       "DIR/model.safetensors: 4 bytes after the last tensor belong to no tensor"},
      {R"({"x":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}})",
       "DIR/model.safetensors: tensor 'x': dtype: found 'F33', allowed: F64 F32 F16 BF16 F8_E4M3 "
       "F8_E5M2 I64 I32 I16 I8 U64 U32 U16 U8 BOOL"},
      {R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})",
       "DIR/model.safetensors: tensor 'x': its shape [3] of F32 takes 12 bytes, data_offsets give "
       "it 8"},
      {R"({"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})",
       "DIR/model.safetensors: tensor 'x': its shape [4294967296,4294967296] of F32 takes too many "
       "bytes, data_offsets give it 8"},
      {R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})",
       "DIR/model.safetensors: tensor 'x': data_offsets: found [8,0], allowed: [begin, end] with "
       "begin <= end"},
      {"{" + x + "," + x + "}", "DIR/model.safetensors: tensor 'x' is listed twice"},
      {"[]", "DIR/model.safetensors: its header is not a JSON object"},
  };
  for (const auto& [header, message] : cases) {
    WriteModel(FileBytes(header, std::string(8, '\0')));
    EXPECT_EQ(OpenMessage(), message);
  }
  WriteModel("<html>not found</html>");
  EXPECT_EQ(OpenMessage().substr(0, 50), "DIR/model.safetensors: not a safetensors file: its");
}

TEST_F(SafetensorsTest, NamesWhatIsMissing) {
  EXPECT_EQ(OpenMessage(), "DIR: found neither model.safetensors nor model.safetensors.index.json");
  WriteSafetensors(folder_.path(), {{"x", at::zeros({4})}, {"y", at::zeros({4})}}, 16);
  try {
    SafetensorsFolder(folder_.path()).Get("z");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(),
              folder_.path() + ": no tensor 'z' among the 2 of its safetensors files");
  }
  RemoveAll(Path("model-00002-of-00002.safetensors"));
  EXPECT_EQ(OpenMessage(),
            "DIR: the shard model-00002-of-00002.safetensors, which model.safetensors.index.json "
            "lists, is missing");
}

TEST_F(SafetensorsTest, RefusesAnIndexThatDoesNotMatchItsShards) {
  WriteSafetensors(folder_.path(), {{"x", at::zeros({4})}, {"y", at::zeros({4})}}, 16);
  const std::string index = Path("model.safetensors.index.json");
  WriteFileDurably(index, R"({"weight_map":{"x":"model-00002-of-00002.safetensors"}})");
  EXPECT_EQ(OpenMessage(),
            "DIR: tensor 'x' is not in model-00002-of-00002.safetensors, where "
            "model.safetensors.index.json places it");
  WriteFileDurably(index, R"({"weight_map":{"x":"../x.safetensors"}})");
  EXPECT_EQ(OpenMessage(),
            "DIR/model.safetensors.index.json: weight_map.x: found '../x.safetensors', allowed: a "
            "file name without '/'");
  WriteFileDurably(Path("copy.safetensors"), ReadFile(Path("model-00001-of-00002.safetensors")));
  WriteFileDurably(index, R"({"weight_map":{"x":"copy.safetensors",
    "y":"model-00001-of-00002.safetensors"}})");
  EXPECT_EQ(OpenMessage(),
            "DIR/model-00001-of-00002.safetensors: tensor 'x' is also in DIR/copy.safetensors");
}

TEST_F(SafetensorsTest, WritingRefusesEqualNames) {
  EXPECT_THROW(
      WriteSafetensors(folder_.path(), {{"x", at::zeros({1})}, {"x", at::zeros({1})}}, 1000),
      CheckFailure);
}

}  // namespace
}  // namespace rationale
