// One row of logits: normaliser, cuts, draws; and SelectedLogprobs, which must record what the
// sampler would.

#include "policy/ops/row_logits.h"

#include <algorithm>
#include <map>
#include <numeric>

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include "tests/policy/op_testing.h"

namespace rationale::ops {
namespace {

constexpr float kNegativeInfinity = -std::numeric_limits<float>::infinity();

std::vector<float> RandomLogits(size_t size, uint64_t seed, float spread = 3) {
  const at::Tensor x = Random({static_cast<int64_t>(size)}, seed).mul(spread);
  return {x.const_data_ptr<float>(), x.const_data_ptr<float>() + size};
}

oracle::Doubles ToDoubles(const std::vector<float>& x) {
  return {x.begin(), x.end()};
}

void ForEachLevel(const std::function<void()>& body) {
  for (const Form& form : KernelForms()) {
    SCOPED_TRACE(form.name());
    const UseForm use(form);
    body();
  }
}

// Sizes around the kernels' vectors and blocks.
constexpr size_t kSizes[] = {1, 2, 15, 16, 17, 63, 500, 513, 1024, 5000};

// All ids instead of an empty list.
std::vector<int32_t> All(std::vector<int32_t> kept, size_t size) {
  if (kept.empty()) {
    kept.resize(size);
    std::iota(kept.begin(), kept.end(), 0);
  }
  return kept;
}

// Sort all, keep from the front until top_p + `edge` is reached.
std::vector<int32_t> NaiveKept(const std::vector<float>& logits, float temperature,
                               const CutSettings& cut, double edge) {
  std::vector<int> ids = oracle::Ranked(ToDoubles(logits));
  if (cut.top_k > 0 && static_cast<size_t>(cut.top_k) < ids.size()) {
    ids.resize(static_cast<size_t>(cut.top_k));
  }
  const auto probability = [&, p = oracle::Softmax(ToDoubles(logits), temperature, ids)](int id) {
    return p[static_cast<size_t>(id)];
  };
  if (cut.top_p < 1) {
    size_t count = 0;
    for (double mass = 0; count < ids.size() && (count == 0 || mass < cut.top_p + edge); ++count) {
      mass += probability(ids[count]);
    }
    ids.resize(count);
  }
  const double floor = cut.min_p * probability(ids[0]);
  std::erase_if(ids, [&](int id) { return probability(id) < floor; });
  std::ranges::sort(ids);
  return {ids.begin(), ids.end()};
}

TEST(Normalise, AgreesWithTheSoftmaxInDouble) {
  ForEachLevel([] {
    for (const size_t size : kSizes) {
      const std::vector<float> logits = RandomLogits(size, size);
      std::vector<int32_t> every_third;
      for (size_t id = 0; id < size; id += 3) every_third.push_back(static_cast<int32_t>(id));
      for (const float temperature : {1.0f, 0.6f, 2.5f}) {
        for (const auto& kept : {std::vector<int32_t>{}, every_third}) {
          const float inverse = 1.0f / temperature;
          const RowNormaliser normaliser = Normalise(logits, inverse, kept);
          const oracle::Doubles p =
              oracle::Softmax(ToDoubles(logits), temperature, {kept.begin(), kept.end()});
          double entropy = 0;
          for (size_t id = 0; id < size; ++id) {
            if (p[id] == 0) continue;
            entropy -= p[id] * std::log(p[id]);
            const float logprob = Logprob(logits, inverse, normaliser, static_cast<int32_t>(id));
            ASSERT_NEAR(logprob, std::log(p[id]), 4e-6) << size;
          }
          EXPECT_NEAR(normaliser.entropy, entropy, 1e-5) << size;
        }
      }
    }
  });
}

TEST(Normalise, GivesTheSameBitsWhenAllTokensAreListed) {
  ForEachLevel([] {
    const std::vector<float> logits = RandomLogits(3001, 1);
    std::vector<int32_t> all(logits.size());
    std::iota(all.begin(), all.end(), 0);
    const RowNormaliser a = Normalise(logits, 0.7f, {}), b = Normalise(logits, 0.7f, all);
    EXPECT_EQ(a.max, b.max);
    EXPECT_EQ(a.log_sum, b.log_sum);
    EXPECT_EQ(a.entropy, b.entropy);
  });
}

TEST(Normalise, PassesOverForbiddenTokensAndExtremes) {
  ForEachLevel([] {
    const std::vector<float> logits = {kNegativeInfinity, 1000, 1000, -1e30f, kNegativeInfinity};
    const RowNormaliser normaliser = Normalise(logits, 1, {});
    EXPECT_NEAR(Logprob(logits, 1, normaliser, 1), std::log(0.5), 1e-6);
    EXPECT_EQ(Logprob(logits, 1, normaliser, 0), kNegativeInfinity);
    EXPECT_NEAR(normaliser.entropy, std::log(2), 1e-6);
  });
}

TEST(Normalise, ShowsANaN) {
  ForEachLevel([] {
    for (const size_t place : {0, 16, 39}) {
      std::vector<float> logits = RandomLogits(40, 1);
      logits[place] = std::nanf("");
      EXPECT_TRUE(std::isnan(Normalise(logits, 1, {}).log_sum)) << place;
    }
  });
}

TEST(KeptTokens, EqualANaiveSort) {
  int num_cases = 0, num_certain = 0;
  const std::vector<CutSettings> cuts = {{.top_k = 1},
                                         {.top_k = 7},
                                         {.top_k = 400},
                                         {.top_p = 0.0f},
                                         {.top_p = 0.3f},
                                         {.top_p = 0.95f},
                                         {.top_p = 0.9999f},
                                         {.min_p = 0.02f},
                                         {.min_p = 1.0f},
                                         {.top_k = 50, .top_p = 0.8f},
                                         {.top_k = 20, .min_p = 0.1f},
                                         {.top_k = 100, .top_p = 0.9f, .min_p = 0.05f}};
  for (const size_t size : {1, 17, 500, 5000, 49152}) {
    for (const float spread : {0.01f, 1.0f, 5.0f}) {
      const std::vector<float> logits = RandomLogits(size, size + 1, spread);
      for (const CutSettings& cut : cuts) {
        for (const float temperature : {1.0f, 0.6f}) {
          // Sums of float32 weights may misjudge top-p's edge by this much.
          constexpr double kEdge = 5e-7;
          const auto fewest = NaiveKept(logits, temperature, cut, -kEdge);
          const auto most = NaiveKept(logits, temperature, cut, kEdge);
          num_certain += fewest == most ? 1 : 0;
          ++num_cases;
          ForEachLevel([&] {
            const std::vector<int32_t> kept = All(KeptTokens(logits, 1 / temperature, cut), size);
            ASSERT_TRUE(std::ranges::includes(kept, fewest) && std::ranges::includes(most, kept))
                << size << " spread " << spread << " k " << cut.top_k << " p " << cut.top_p
                << " min " << cut.min_p;
          });
        }
      }
    }
  }
  EXPECT_GE(num_certain, num_cases * 9 / 10);
}

TEST(KeptTokens, GivesTiesToTheLowerId) {
  ForEachLevel([] {
    std::vector<float> logits(300, 1.0f);
    logits[200] = 2;
    EXPECT_EQ(KeptTokens(logits, 1, {.top_k = 3}), (std::vector<int32_t>{0, 1, 200}));
    // e / (e + 299) is 0.009; each other token adds 0.0033.
    EXPECT_EQ(KeptTokens(logits, 1, {.top_p = 0.0145f}), (std::vector<int32_t>{0, 1, 200}));
    logits.assign(10, 0.0f);
    EXPECT_EQ(KeptTokens(logits, 1, {.top_p = 0.25f}), (std::vector<int32_t>{0, 1, 2}));
  });
}

TEST(KeptTokens, AreEmptyWhenNothingIsCut) {
  ForEachLevel([] {
    const std::vector<float> logits = RandomLogits(40, 1, 0.1f);
    EXPECT_TRUE(KeptTokens(logits, 1, {}).empty());
    EXPECT_TRUE(KeptTokens(logits, 1, {.top_k = 40}).empty());
    EXPECT_TRUE(KeptTokens(logits, 1, {.min_p = 0.001f}).empty());
  });
}

TEST(Draw, TakesTheFirstTokenAtWhichTheRunningSumExceedsU) {
  ForEachLevel([] {
    for (const size_t size : kSizes) {
      const std::vector<float> logits = RandomLogits(size, size + 2);
      const RowNormaliser normaliser = Normalise(logits, 1.25f, {});
      const oracle::Doubles p = oracle::Softmax(ToDoubles(logits), 0.8, {});
      for (int i = 0; i < 200; ++i) {
        const double u = Uniform(5, static_cast<uint64_t>(i));
        const auto drawn = static_cast<size_t>(Draw(logits, 1.25f, normaliser, {}, u));
        double before = 0;
        for (size_t id = 0; id < drawn; ++id) before += p[id];
        EXPECT_LE(before, u + 1e-6) << size;
        EXPECT_GT(before + p[drawn], u - 1e-6) << size;
      }
    }
  });
}

TEST(Draw, MeetsTheProbabilities) {
  ForEachLevel([] {
    const std::vector<float> logits = {0.5f, -1, 2, kNegativeInfinity, 1, 0};
    const std::vector<int32_t> kept = {0, 2, 3, 4};
    const RowNormaliser normaliser = Normalise(logits, 0.5f, kept);
    const oracle::Doubles p = oracle::Softmax(ToDoubles(logits), 2, {0, 2, 3, 4});
    constexpr int kDraws = 40000;
    std::map<int32_t, int> counts;
    for (int i = 0; i < kDraws; ++i) {
      ++counts[Draw(logits, 0.5f, normaliser, kept, Uniform(9, static_cast<uint64_t>(i)))];
    }
    double chi_square = 0;
    for (const int32_t id : {0, 2, 4}) {
      const double expected = p[static_cast<size_t>(id)] * kDraws;
      chi_square += std::pow(counts[id] - expected, 2) / expected;
    }
    EXPECT_LT(chi_square, 13.8);  // 2 degrees of freedom, one in a thousand
    EXPECT_EQ(counts[0] + counts[2] + counts[4], kDraws);
  });
}

TEST(Draw, NeverTakesATokenOfNoProbability) {
  ForEachLevel([] {
    std::vector<float> logits(2000, kNegativeInfinity);
    logits[700] = 1;
    logits[701] = 1;
    RowNormaliser normaliser = Normalise(logits, 1, {});
    EXPECT_EQ(Draw(logits, 1, normaliser, {}, 0.0), 700);
    EXPECT_EQ(Draw(logits, 1, normaliser, {}, 0.75), 701);
    normaliser.log_sum += 1;  // the sum falls short of u
    EXPECT_EQ(Draw(logits, 1, normaliser, {}, 0.999), 701);
    EXPECT_EQ(Draw(logits, 1, normaliser, std::vector<int32_t>{3, 700, 900}, 0.999), 700);
  });
}

TEST(Argmax, GivesTiesToTheLowerId) {
  ForEachLevel([] {
    for (const size_t size : kSizes) {
      std::vector<float> logits = RandomLogits(size, 3);
      for (const size_t best : {size - 1, size / 2, size_t{0}}) {
        logits[best] = 50;
        EXPECT_EQ(Argmax(logits), static_cast<int32_t>(best));
      }
    }
  });
}

// ---- SelectedLogprobs ----

struct Batch {
  at::Tensor hidden, head, targets;
  std::vector<std::vector<int32_t>> kept;
  std::vector<RowDistribution> rows;
};

// Every third row keeps all tokens, the others every second or fifth one; the target is kept.
Batch MakeBatch(int64_t num_rows, int64_t vocabulary, int64_t width, at::ScalarType dtype) {
  Batch batch{.hidden = Random({num_rows, width}, 1, dtype),
              .head = Random({vocabulary, width}, 2, dtype).div(std::sqrt(width)),
              .targets = at::empty({num_rows}, at::kLong),
              .kept = {},
              .rows = {}};
  for (int64_t t = 0; t < num_rows; ++t) {
    const int64_t step = std::vector<int64_t>{1, 2, 5}[static_cast<size_t>(t % 3)];
    const int64_t target = (t * 10) % vocabulary / step * step;
    batch.targets.mutable_data_ptr<int64_t>()[t] = target;
    std::vector<int32_t> kept;
    for (int64_t id = 0; step > 1 && id < vocabulary; id += step) {
      kept.push_back(static_cast<int32_t>(id));
    }
    batch.kept.push_back(std::move(kept));
  }
  for (size_t t = 0; t < batch.kept.size(); ++t) {
    batch.rows.push_back({.temperature = t % 2 == 0 ? 1.0f : 0.7f, .kept = batch.kept[t]});
  }
  return batch;
}

// ln p of each target, in double.
oracle::Doubles OracleLogprobs(const Batch& batch, const oracle::Doubles& hidden,
                               const oracle::Doubles& head) {
  const auto width = static_cast<size_t>(batch.hidden.size(1));
  oracle::Doubles result;
  for (size_t t = 0; t < batch.rows.size(); ++t) {
    oracle::Doubles logits;
    for (size_t id = 0; id < head.size() / width; ++id) {
      double dot = 0;
      for (size_t i = 0; i < width; ++i) dot += hidden[t * width + i] * head[id * width + i];
      logits.push_back(dot);
    }
    const oracle::Doubles p =
        oracle::Softmax(logits, static_cast<double>(batch.rows[t].temperature),
                        {batch.kept[t].begin(), batch.kept[t].end()});
    const auto target = static_cast<size_t>(batch.targets.const_data_ptr<int64_t>()[t]);
    result.push_back(std::log(p[target]));
  }
  return result;
}

TEST(SelectedLogprobs, AgreesWithTheFormulaInValuesAndGradients) {
  const Batch batch = MakeBatch(9, 23, 8, at::kFloat);
  ExpectAgreesWithOracle({
      .inputs = {batch.hidden, batch.head},
      .op =
          [&](auto& p) {
            return SelectedLogprobs(p[0].value, p[1], batch.targets, batch.rows).logprobs_T;
          },
      .oracle = [&](const auto& x) { return OracleLogprobs(batch, x[0], x[1]); },
  });
}

TEST(SelectedLogprobs, RecordsWhatTheSamplerRecordsBitForBit) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const Batch batch = MakeBatch(300, 999, 64, dtype);
    for (const Form& form : KernelForms()) {
      const UseForm use(form);
      Parameter head = MakeParameter(batch.head);
      const TokenLogprobs learner = SelectedLogprobs(batch.hidden, head, batch.targets, batch.rows);
      for (int64_t t = 0; t < 300; t += 7) {
        const at::Tensor logits = Linear(batch.hidden.narrow(0, t, 1), head, nullptr, true);
        const std::span row(logits.const_data_ptr<float>(), 999);
        const auto i = static_cast<size_t>(t);
        const float inverse_temperature = 1.0f / batch.rows[i].temperature;
        const RowNormaliser normaliser = Normalise(row, inverse_temperature, batch.kept[i]);
        const auto target = static_cast<int32_t>(batch.targets.const_data_ptr<int64_t>()[t]);
        ASSERT_EQ(learner.logprobs_T.const_data_ptr<float>()[t],
                  Logprob(row, inverse_temperature, normaliser, target))
            << form.name();
        ASSERT_EQ(learner.entropy_T.const_data_ptr<float>()[t], normaliser.entropy);
      }
    }
  }
}

TEST(SelectedLogprobs, GivesTheSameGradientsOnAnyNumberOfThreads) {
  const Batch batch = MakeBatch(300, 999, 64, at::kBFloat16);
  const at::Tensor dlogprobs = Random({300}, 4);
  for (Form form : KernelForms()) {
    at::Tensor hidden_grad, head_grad;
    for (const int num_threads : {1, 2, 5}) {
      form.num_threads = num_threads;
      const UseForm use(form);
      const at::Tensor hidden = batch.hidden.clone().requires_grad_(true);
      Parameter head = MakeParameter(batch.head.clone().requires_grad_(true));
      SelectedLogprobs(hidden, head, batch.targets, batch.rows).logprobs_T.backward(dlogprobs);
      if (!hidden_grad.defined()) {
        hidden_grad = hidden.grad();
        head_grad = head.grad;
      }
      EXPECT_TRUE(SameBits(hidden_grad, hidden.grad())) << form.name();
      EXPECT_TRUE(SameBits(head_grad, head.grad)) << form.name();
    }
  }
}

TEST(SelectedLogprobs, SendsNothingToTokensOutsideTheKeptSet) {
  const Batch batch = MakeBatch(2, 30, 16, at::kFloat);  // row 1 keeps even ids
  for (const Form& form : AllForms()) {
    const UseForm use(form);
    Parameter head = MakeParameter(batch.head.clone().requires_grad_(true));
    const auto logprobs =
        SelectedLogprobs(batch.hidden, head, batch.targets, batch.rows).logprobs_T;
    logprobs.narrow(0, 1, 1).sum().backward();
    for (int64_t id = 0; id < 30; ++id) {
      const bool is_zero = head.grad[id].abs().max().item<float>() == 0;
      EXPECT_EQ(is_zero, id % 2 == 1) << form.name() << " token " << id;
    }
  }
}

TEST(SelectedLogprobs, OfEntropyAgreesWithTheReference) {
  const Batch batch = MakeBatch(40, 300, 32, at::kFloat);
  Parameter head = MakeParameter(batch.head);
  const auto entropy = [&](const Form& form) {
    const UseForm use(form);
    return SelectedLogprobs(batch.hidden, head, batch.targets, batch.rows).entropy_T;
  };
  const at::Tensor expected =
      entropy({.backend = Backend::kReference, .level = cpu::MachineLevels().back()});
  for (const Form& form : KernelForms()) {
    EXPECT_LE(RelativeError(entropy(form), ops::ToDoubles(expected)), 1e-5) << form.name();
  }
}

}  // namespace
}  // namespace rationale::ops
