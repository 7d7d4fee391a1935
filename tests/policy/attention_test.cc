// Attention: values, gradients, and that a row's bits are the same from the learner's packed rows,
// a paged prefill in any chunks, and decoding one token at a time.

#include <algorithm>
#include <numeric>
#include <string>

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include "tests/policy/op_testing.h"

namespace rationale::ops {
namespace {

// H query heads, G key/value heads, Q and V head widths.
struct Shape {
  int64_t heads, kv_heads, key_width, value_width;
  bool absorbed = false;  // MLA: the values are the first columns of the keys
  int64_t window = 0;

  AttentionSettings settings() const {
    return {.scale = 1 / std::sqrt(static_cast<double>(key_width)),
            .value_width = value_width,
            .sliding_window = window};
  }
  std::string name() const {
    return "H " + std::to_string(heads) + " G " + std::to_string(kv_heads) + " Q " +
           std::to_string(key_width) + " V " + std::to_string(value_width) + " window " +
           std::to_string(window);
  }
};

const Shape kShapes[] = {
    {.heads = 9, .kv_heads = 3, .key_width = 64, .value_width = 64},
    {.heads = 4, .kv_heads = 4, .key_width = 20, .value_width = 12},
    {.heads = 8, .kv_heads = 1, .key_width = 48, .value_width = 32, .absorbed = true},
    {.heads = 3, .kv_heads = 1, .key_width = 21, .value_width = 18, .absorbed = true},
    {.heads = 4, .kv_heads = 2, .key_width = 24, .value_width = 24, .window = 5},
    {.heads = 2, .kv_heads = 2, .key_width = 16, .value_width = 16, .window = 33},
    {.heads = 8, .kv_heads = 1, .key_width = 96, .value_width = 64, .absorbed = true},
    {.heads = 4, .kv_heads = 2, .key_width = 32, .value_width = 32, .window = 70},
};

struct Inputs {
  at::Tensor q, k, v;
};

Inputs RandomInputs(const Shape& shape, int64_t num_rows, at::ScalarType dtype, uint64_t seed = 1) {
  return {.q = Random({num_rows, shape.heads, shape.key_width}, seed, dtype),
          .k = Random({num_rows, shape.kv_heads, shape.key_width}, seed + 1, dtype),
          .v = shape.absorbed
                   ? at::Tensor()
                   : Random({num_rows, shape.kv_heads, shape.value_width}, seed + 2, dtype)};
}

Inputs Narrow(const Inputs& all, int64_t first, int64_t count) {
  return {.q = all.q.narrow(0, first, count),
          .k = all.k.narrow(0, first, count),
          .v = all.v.defined() ? all.v.narrow(0, first, count) : at::Tensor()};
}

// Whole sequences packed one after another.
std::vector<SequenceSpan> Packed(std::initializer_list<int64_t> lengths) {
  std::vector<SequenceSpan> spans;
  int64_t row = 0;
  for (const int64_t length : lengths) {
    spans.push_back({.row = row, .num_rows = length, .num_cached = 0, .pages = {}});
    row += length;
  }
  return spans;
}

at::Tensor Learner(const Inputs& in, const Shape& shape, const std::vector<SequenceSpan>& spans) {
  return Attention(in.q, in.k, in.v, shape.settings(), spans);
}

KvLayer MakeCache(const Shape& shape, int64_t num_pages, at::ScalarType dtype) {
  // Stale values, as a page that another sequence gave back has.
  KvLayer cache{
      .keys = at::full({num_pages, kPageTokens, shape.kv_heads, shape.key_width}, 1e4, dtype),
      .values = {}};
  if (!shape.absorbed) {
    cache.values =
        at::full({num_pages, kPageTokens, shape.kv_heads, shape.value_width}, std::nan(""), dtype);
  }
  return cache;
}

// One sequence of all the rows, given in chunks of the sizes that `chunk_of` says, on pages in no
// order.
at::Tensor InChunks(const Inputs& in, const Shape& shape, KvLayer& cache,
                    const std::function<int64_t(int64_t)>& chunk_of) {
  const int64_t num_rows = in.q.size(0), num_pages = cache.keys.size(0);
  std::vector<at::Tensor> outputs;
  SequenceSpan span;
  for (int64_t first = 0; first < num_rows; first += span.num_rows) {
    span.num_cached = first;
    span.num_rows = std::min(chunk_of(first), num_rows - first);
    span.pages.clear();
    for (int64_t page = 0; page * kPageTokens < first + span.num_rows; ++page) {
      span.pages.push_back(static_cast<int32_t>((page * 5 + 3) % num_pages));
    }
    const Inputs chunk = Narrow(in, first, span.num_rows);
    outputs.push_back(
        Attention(chunk.q, chunk.k, chunk.v, shape.settings(), std::span(&span, 1), &cache));
  }
  return at::cat(outputs, 0);
}

oracle::AttentionSizes OracleSizes(const Shape& shape) {
  return {.heads = static_cast<size_t>(shape.heads),
          .kv_heads = static_cast<size_t>(shape.kv_heads),
          .key_width = static_cast<size_t>(shape.key_width),
          .value_width = static_cast<size_t>(shape.value_width),
          .scale = static_cast<double>(static_cast<float>(shape.settings().scale)),
          .window = static_cast<size_t>(shape.window)};
}

TEST(Attention, AgreesWithTheFormulaInValuesAndGradients) {
  for (const Shape& shape :
       {Shape{.heads = 2, .kv_heads = 1, .key_width = 5, .value_width = 3},
        Shape{.heads = 2, .kv_heads = 2, .key_width = 16, .value_width = 4, .window = 7},
        Shape{.heads = 3, .kv_heads = 1, .key_width = 7, .value_width = 6, .absorbed = true}}) {
    SCOPED_TRACE(shape.name());
    const Inputs in = RandomInputs(shape, 19, at::kFloat);
    OpCase test{
        .inputs = {in.q, in.k},
        .op =
            [&](auto& p) {
              return Learner({p[0].value, p[1].value, shape.absorbed ? at::Tensor() : p[2].value},
                             shape, Packed({19}));
            },
        .oracle =
            [&](const auto& x) {
              return oracle::Attention(x[0], x[1], shape.absorbed ? oracle::Doubles{} : x[2],
                                       OracleSizes(shape));
            }};
    if (!shape.absorbed) test.inputs.push_back(in.v);
    ExpectAgreesWithOracle(test);
  }
}

TEST(Attention, OfLongPackedSequencesAgreesWithTheReferenceInValuesAndGradients) {
  for (const Shape& shape : kShapes) {
    for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
      const auto spans = Packed({70, 1, 33, 16, 100});
      const Inputs all = RandomInputs(shape, 220, dtype);
      const at::Tensor dout = Random({220, shape.heads, shape.value_width}, 9, dtype);
      const auto run = [&](const Form& form) {
        const UseForm use(form);
        const auto leaf = [](const at::Tensor& x) {
          return x.defined() ? x.detach().requires_grad_(true) : x;
        };
        const Inputs in{leaf(all.q), leaf(all.k), leaf(all.v)};
        const at::Tensor out = Learner(in, shape, spans);
        out.backward(dout);
        std::vector<at::Tensor> results = {out, in.q.grad(), in.k.grad()};
        if (in.v.defined()) results.push_back(in.v.grad());
        return results;
      };
      const auto expected =
          run({.backend = Backend::kReference, .level = cpu::MachineLevels().back()});
      for (const Form& form : KernelForms()) {
        const auto results = run(form);
        for (size_t i = 0; i < results.size(); ++i) {
          EXPECT_LE(RelativeError(results[i], ToDoubles(expected[i])), 2 * Tolerance(dtype))
              << form.name() << " " << shape.name() << " result " << i;
        }
      }
    }
  }
}

TEST(Attention, GivesTheSameBitsToLearnerPrefillChunksAndDecode) {
  constexpr int64_t kRows = 150;
  for (const Shape& shape : kShapes) {
    for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
      const Inputs in = RandomInputs(shape, kRows, dtype);
      for (Form form : KernelForms()) {
        SCOPED_TRACE(form.name() + " " + shape.name());
        at::Tensor expected;
        for (const int num_threads : {1, 2, 3, 8}) {
          form.num_threads = num_threads;
          const UseForm use(form);
          const at::Tensor learner = Learner(in, shape, Packed({kRows}));
          if (!expected.defined()) expected = learner;
          EXPECT_TRUE(SameBits(expected, learner)) << num_threads << " threads";
          KvLayer cache = MakeCache(shape, 11, dtype);
          const auto chunks = [&](const auto& chunk_of) {
            return SameBits(expected, InChunks(in, shape, cache, chunk_of));
          };
          EXPECT_TRUE(chunks([](int64_t) { return kRows; })) << "one prefill";
          EXPECT_TRUE(chunks([](int64_t first) { return 1 + (first * 7) % 23; })) << "chunks";
          EXPECT_TRUE(chunks([](int64_t) { return 1; })) << "decode";
        }
      }
    }
  }
}

TEST(Attention, GivesASequenceTheSameBitsAloneAndInAPack) {
  for (const Shape& shape : kShapes) {
    for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
      const Inputs in = RandomInputs(shape, 150, dtype);
      for (const Form& form : KernelForms()) {
        const UseForm use(form);
        const auto spans = Packed({40, 3, 81, 26});
        const at::Tensor all = Learner(in, shape, spans);
        for (const SequenceSpan& span : spans) {
          const at::Tensor alone =
              Learner(Narrow(in, span.row, span.num_rows), shape, Packed({span.num_rows}));
          EXPECT_TRUE(SameBits(all.narrow(0, span.row, span.num_rows), alone))
              << form.name() << " " << shape.name();
        }
      }
    }
  }
}

// 64 sequences of different lengths decode together, two of them on shared pages of a common
// prefix.
TEST(Attention, DecodesABatchToTheBitsOfEachSequenceAlone) {
  const Shape& shape = kShapes[0];
  const at::Tensor keys = Random({400, kPageTokens, 3, 64}, 4);
  const at::Tensor values = Random({400, kPageTokens, 3, 64}, 5);
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const Inputs in = RandomInputs(shape, 64, dtype, 20);
    for (const Form& form : KernelForms()) {
      const UseForm use(form);
      KvLayer cache{.keys = keys.to(dtype, false, true), .values = values.to(dtype, false, true)};
      std::vector<SequenceSpan> spans;
      int32_t next_page = 10;
      for (int64_t i = 0; i < 64; ++i) {
        SequenceSpan span{.row = i, .num_rows = 1, .num_cached = i * 5 % 150, .pages = {}};
        if (span.num_cached >= 16) span.pages.push_back(7);  // the shared one
        while (static_cast<int64_t>(span.pages.size()) * kPageTokens <= span.num_cached) {
          span.pages.push_back(next_page++);
        }
        spans.push_back(span);
      }
      KvLayer copy{.keys = cache.keys.clone(), .values = cache.values.clone()};
      const at::Tensor all = Attention(in.q, in.k, in.v, shape.settings(), spans, &cache);
      for (int64_t i = 0; i < 64; ++i) {
        SequenceSpan span = spans[static_cast<size_t>(i)];
        span.row = 0;
        const Inputs one = Narrow(in, i, 1);
        const at::Tensor alone =
            Attention(one.q, one.k, one.v, shape.settings(), std::span(&span, 1), &copy);
        ASSERT_TRUE(SameBits(all.narrow(0, i, 1), alone)) << form.name() << " sequence " << i;
      }
      EXPECT_TRUE(SameBits(cache.keys, copy.keys));
    }
  }
}

TEST(Attention, ChangesWhenOneCachedValueIsFlipped) {
  for (const Shape& shape : {kShapes[0], kShapes[2]}) {
    for (const Form& form : AllForms()) {
      const UseForm use(form);
      const Inputs in = RandomInputs(shape, 40, at::kFloat);
      KvLayer cache = MakeCache(shape, 7, at::kFloat);
      InChunks(Narrow(in, 0, 39), shape, cache, [](int64_t) { return 39; });
      SequenceSpan span{.row = 0, .num_rows = 1, .num_cached = 39, .pages = {3, 1, 6}};
      const Inputs last = Narrow(in, 39, 1);
      const auto decode = [&] {
        return Attention(last.q, last.k, last.v, shape.settings(), std::span(&span, 1), &cache);
      };
      const at::Tensor before = decode();
      EXPECT_TRUE(SameBits(before, decode()));
      cache.keys[1][5][0][3].neg_();  // token 21
      EXPECT_FALSE(SameBits(before, decode())) << form.name();
      cache.keys[1][5][0][3].neg_();
      EXPECT_TRUE(SameBits(before, decode()));
      if (!shape.absorbed) {
        cache.values[6][6][0][0].neg_();  // token 38
        EXPECT_FALSE(SameBits(before, decode())) << form.name();
      }
    }
  }
}

TEST(Attention, ReadsStridedSlicesOfAFusedProjection) {
  const Shape& shape = kShapes[0];
  const at::Tensor fused = Random({30, 15, 64}, 3);
  const Inputs slices{fused.narrow(1, 0, 9), fused.narrow(1, 9, 3), fused.narrow(1, 12, 3)};
  const Inputs copies{slices.q.contiguous(), slices.k.contiguous(), slices.v.contiguous()};
  for (const Form& form : KernelForms()) {
    const UseForm use(form);
    EXPECT_TRUE(
        SameBits(Learner(slices, shape, Packed({30})), Learner(copies, shape, Packed({30}))));
    KvLayer cache = MakeCache(shape, 7, at::kFloat);
    EXPECT_TRUE(SameBits(InChunks(slices, shape, cache, [](int64_t) { return 11; }),
                         InChunks(copies, shape, cache, [](int64_t) { return 11; })));
  }
}

TEST(Attention, GivesTheSameGradientsInAnyPackAndOnAnyNumberOfThreads) {
  for (const Shape& shape : kShapes) {
    const Inputs all = RandomInputs(shape, 130, at::kBFloat16);
    const at::Tensor dout = Random({130, shape.heads, shape.value_width}, 8, at::kBFloat16);
    for (Form form : KernelForms()) {
      const auto run = [&](int num_threads, int64_t first, int64_t count,
                           const std::vector<SequenceSpan>& spans) {
        form.num_threads = num_threads;
        const UseForm use(form);
        Inputs in = Narrow(all, first, count);
        in.q = in.q.clone().requires_grad_(true);
        in.k = in.k.clone().requires_grad_(true);
        const at::Tensor out = Learner(in, shape, spans);
        out.backward(dout.narrow(0, first, count));
        return at::cat({in.q.grad(), in.k.grad()}, 1);
      };
      const at::Tensor packed = run(1, 0, 130, Packed({50, 80}));
      for (const int num_threads : {2, 5}) {
        EXPECT_TRUE(SameBits(packed, run(num_threads, 0, 130, Packed({50, 80})))) << form.name();
      }
      EXPECT_TRUE(SameBits(packed.narrow(0, 50, 80), run(2, 50, 80, Packed({80})))) << form.name();
    }
  }
}

TEST(Attention, RefusesSpansThatDoNotFit) {
  const Shape& shape = kShapes[0];
  const Inputs in = RandomInputs(shape, 20, at::kFloat);
  KvLayer cache = MakeCache(shape, 2, at::kFloat);
  SequenceSpan span{.row = 0, .num_rows = 20, .num_cached = 0, .pages = {0}};
  const auto attend = [&] {
    Attention(in.q, in.k, in.v, shape.settings(), std::span(&span, 1), &cache);
  };
  EXPECT_THROW(attend(), CheckFailure);  // too few pages
  span.pages = {0, 2};
  EXPECT_THROW(attend(), CheckFailure);  // no such page
  span.pages = {0, 1};
  attend();
  span.num_rows = 19;
  EXPECT_THROW(attend(), CheckFailure);  // a row of no sequence
}

}  // namespace
}  // namespace rationale::ops
