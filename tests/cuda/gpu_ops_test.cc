// The GPU's own kernels against the CPU's, at the widths and settings that the small golden models
// do not have. Skipped where there is no GPU.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include "base/philox.h"
#include "policy/ops/gpu_decode.h"
#include "policy/ops/ops.h"
#include "policy/ops/row_logits.h"
#include "tests/policy/op_testing.h"

namespace rationale::ops {
namespace {

class GpuOps : public testing::TestWithParam<at::ScalarType> {
 protected:
  void SetUp() override {
    if (!at::globalContext().hasCUDA()) GTEST_SKIP() << "there is no GPU";
  }

  at::Tensor RandomRows(at::IntArrayRef sizes, uint64_t seed) {
    return Random(sizes, seed, GetParam());
  }

  void ExpectAgrees(const at::Tensor& found, const at::Tensor& expected) {
    EXPECT_LE(RelativeError(found.cpu(), ToDoubles(expected)), Tolerance(GetParam()));
  }

  at::NoGradGuard no_grad_;
};

struct AttentionShape {
  int64_t heads = 1, kv_heads = 1, key_width = 64, value_width = 64, window = 0;
  bool latent = false;  // values are the keys' first columns
};

// Sequences of 1, 40 and 200 tokens: whole, and on the GPU's pages in two parts.
TEST_P(GpuOps, AttentionIsTheCpus) {
  for (const AttentionShape& shape :
       {AttentionShape{8, 2, 64, 64}, AttentionShape{4, 4, 80, 80}, AttentionShape{4, 1, 128, 128},
        AttentionShape{2, 1, 256, 256, 37}, AttentionShape{16, 1, 576, 512, 0, true}}) {
    SCOPED_TRACE(std::to_string(shape.key_width));
    const std::vector<int64_t> lengths = {1, 40, 200};
    const int64_t total = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
    const at::Tensor q = RandomRows({total, shape.heads, shape.key_width}, 1);
    const at::Tensor k = RandomRows({total, shape.kv_heads, shape.key_width}, 2);
    const at::Tensor v =
        shape.latent ? at::Tensor() : RandomRows({total, shape.kv_heads, shape.value_width}, 3);
    const AttentionSettings settings{
        .scale = 0.1, .value_width = shape.value_width, .sliding_window = shape.window};
    std::vector<SequenceSpan> spans;
    int64_t row = 0;
    for (const int64_t length : lengths) {
      spans.push_back({.row = row, .num_rows = length});
      row += length;
    }
    const at::Tensor expected = Attention(q, k, v, settings, spans);
    const auto on_gpu = [](const at::Tensor& x) { return x.defined() ? x.to(at::kCUDA) : x; };
    ExpectAgrees(Attention(on_gpu(q), on_gpu(k), on_gpu(v), settings, spans), expected);

    const auto options = q.options().device(at::kCUDA);
    KvLayer cache{
        .keys = at::zeros({20, kPageTokens, shape.kv_heads, shape.key_width}, options),
        .values = shape.latent
                      ? at::Tensor()
                      : at::zeros({20, kPageTokens, shape.kv_heads, shape.value_width}, options)};
    int32_t next_page = 19;
    for (SequenceSpan& span : spans) {
      for (int64_t token = 0; token < span.num_rows; token += kPageTokens) {
        span.pages.push_back(next_page--);
      }
      for (const int64_t first : {int64_t{0}, span.num_rows / 2}) {
        const int64_t end = first == 0 ? span.num_rows / 2 : span.num_rows;
        if (first == end) continue;
        const auto part = [&](const at::Tensor& x) {
          return x.defined() ? on_gpu(x.narrow(0, span.row + first, end - first)) : x;
        };
        const std::vector<SequenceSpan> one = {
            {.row = 0, .num_rows = end - first, .num_cached = first, .pages = span.pages}};
        ExpectAgrees(Attention(part(q), part(k), part(v), settings, one, &cache),
                     expected.narrow(0, span.row + first, end - first));
      }
    }
  }
}

TEST_P(GpuOps, RowsAreTheCpus) {
  const at::Tensor x = RandomRows({33, 6, 200}, 4);
  for (const at::Tensor& rows : {x, x.narrow(2, 8, 96), x.select(1, 2)}) {
    Parameter on_cpu = MakeParameter(RandomRows({rows.size(-1)}, 5));
    Parameter on_gpu = MakeParameter(on_cpu.value.to(at::kCUDA));
    const at::Tensor moved =
        x.to(at::kCUDA).as_strided(rows.sizes(), rows.strides(), rows.storage_offset());
    ExpectAgrees(RmsNorm(moved, on_gpu, 1e-5), RmsNorm(rows, on_cpu, 1e-5));
    ExpectAgrees(SwiGlu(moved), SwiGlu(rows));
  }
  const at::Tensor angles = at::arange(50 * 16, at::kFloat).view({50, 16}).mul(0.1);
  const RopeTable table{.cos = angles.cos(), .sin = angles.sin()};
  const RopeTable moved_table{.cos = table.cos.to(at::kCUDA), .sin = table.sin.to(at::kCUDA)};
  const at::Tensor positions = at::arange(33, at::kInt).add(9);
  for (const bool interleaved : {false, true}) {
    for (const int64_t offset : {0, 24}) {
      ExpectAgrees(Rope(x.to(at::kCUDA), positions.to(at::kCUDA), moved_table, offset, interleaved),
                   Rope(x, positions, table, offset, interleaved));
    }
  }
}

TEST_P(GpuOps, MixturesAreTheCpus) {
  for (RouteSettings settings :
       {RouteSettings{.gate = Gate::kSoftmax, .experts_per_token = 8},
        RouteSettings{.gate = Gate::kSoftmax, .experts_per_token = 1, .normalise = false},
        RouteSettings{.gate = Gate::kSoftmax,
        .experts_per_token = 6,
        .num_groups = 8,
        .top_groups = 3,
        .group_score = GroupScore::kMax,
        .normalise = false,
        .scale = 16},
        RouteSettings{.gate = Gate::kSigmoid,
        .experts_per_token = 8,
        .num_groups = 8,
        .top_groups = 4,
        .scale = 2.5}}) {
    constexpr int64_t kExperts = 160, kWidth = 72;
    at::Tensor logits = Random({77, kExperts}, 6);
    logits.select(0, 3).zero_();  // ties
    const at::Tensor bias = Random({kExperts}, 7).mul(0.1);
    const at::Tensor x = RandomRows({77, kWidth}, 8);
    Parameter on_cpu = MakeParameter(RandomRows({kExperts, 40, kWidth}, 9));
    Parameter on_gpu = MakeParameter(on_cpu.value.to(at::kCUDA));
    const Routing expected = Route(logits, bias, settings);
    const Routing found = Route(logits.to(at::kCUDA), bias.to(at::kCUDA), settings);
    EXPECT_TRUE(SameBits(found.experts_TA.cpu(), expected.experts_TA));
    EXPECT_TRUE(SameBits(found.slot_token_S.cpu(), expected.slot_token_S));
    EXPECT_TRUE(SameBits(found.slot_of_TA.cpu(), expected.slot_of_TA));
    EXPECT_EQ(found.offsets, expected.offsets);
    EXPECT_LE(RelativeError(found.weights_TA.cpu(), ToDoubles(expected.weights_TA)), 1e-5);
    const auto mix = [](const at::Tensor& rows, Parameter& weight, const Routing& routing) {
      return MoeCombine(GroupedLinear(MoeGather(rows, routing), weight, routing.offsets), routing);
    };
    ExpectAgrees(mix(x.to(at::kCUDA), on_gpu, found), mix(x, on_cpu, expected));
  }
}

TEST(GpuDraws, AreTheCpus) {
  if (!at::globalContext().hasCUDA()) GTEST_SKIP() << "there is no GPU";
  for (const int64_t width : {3, 61, 49152, 151936}) {
    constexpr int64_t kRows = 96;
    const at::Tensor logits = Random({kRows, width}, 10).mul(3);
    logits.select(1, 1).copy_(logits.select(1, 2));  // ties
    logits.select(1, 0).fill_(-std::numeric_limits<float>::infinity());
    std::vector<RowDraw> rows;
    for (int64_t r = 0; r < kRows; ++r) {
      rows.push_back({.uniform = r % 4 == 0 ? -1 : Uniform(7, static_cast<uint64_t>(r)),
                      .inverse_temperature = r % 3 == 0 ? 1.0F : 1.4F});
    }
    rows[1].uniform = 0;
    rows[2].uniform = 1 - 1e-16;
    const std::vector<RowDrawn> drawn = DrawOnDevice(logits.to(at::kCUDA), rows);
    int64_t others = 0;  // draws within rounding of the border between two tokens
    for (size_t r = 0; r < rows.size(); ++r) {
      const std::span<const float> row(logits.const_data_ptr<float>() + r * logits.size(1),
                                       static_cast<size_t>(width));
      const float inverse = rows[r].inverse_temperature;
      const RowNormaliser normaliser = Normalise(row, inverse, {});
      const int32_t token =
          rows[r].uniform < 0 ? Argmax(row) : Draw(row, inverse, normaliser, {}, rows[r].uniform);
      ASSERT_TRUE(drawn[r].token > 0 && drawn[r].token < width);
      EXPECT_NEAR(drawn[r].logprob, Logprob(row, inverse, normaliser, drawn[r].token), 1e-4);
      if (rows[r].uniform < 0) {
        EXPECT_EQ(drawn[r].token, token);
      }
      others += drawn[r].token != token ? 1 : 0;
    }
    EXPECT_LE(others, 2) << width;
  }
}

INSTANTIATE_TEST_SUITE_P(Dtypes, GpuOps, testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& test) {
                           return test.param == at::kFloat ? "float32" : "bfloat16";
                         });

}  // namespace
}  // namespace rationale::ops
