// The expert gate and the moving of rows: against transformers' routers written out in double,
// gradients, exactness.

#include <algorithm>

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "tests/policy/op_testing.h"

namespace rationale::ops {
namespace {

// T tokens, E experts, A experts a token, D model width.

struct Choice {
  std::vector<std::vector<int>> experts;  // per token, best first
  oracle::Doubles weights;                // [T, A]
};

// Mixtral's and Qwen3-MoE's softmax router; DeepSeek-V2's and V3's with groups and bias
// (arXiv:2405.04434, sec. 2.2.2; arXiv:2412.19437, eq. 13-16).
Choice OracleRoute(const oracle::Doubles& logits, const oracle::Doubles& bias,
                   const RouteSettings& s, size_t num_experts) {
  Choice choice;
  for (size_t row = 0; row < logits.size(); row += num_experts) {
    const oracle::Doubles x(logits.begin() + static_cast<int64_t>(row),
                            logits.begin() + static_cast<int64_t>(row + num_experts));
    oracle::Doubles scores = oracle::Softmax(x, 1, {});
    if (s.gate == Gate::kSigmoid) {
      for (size_t e = 0; e < num_experts; ++e) scores[e] = 1 / (1 + std::exp(-x[e]));
    }
    oracle::Doubles for_choice = scores;
    for (size_t e = 0; e < bias.size(); ++e) for_choice[e] += bias[e];
    const auto num_groups = static_cast<size_t>(s.num_groups), size = num_experts / num_groups;
    oracle::Doubles of_groups;
    for (size_t g = 0; g < num_groups; ++g) {
      oracle::Doubles group(for_choice.begin() + static_cast<int64_t>(g * size),
                            for_choice.begin() + static_cast<int64_t>((g + 1) * size));
      std::ranges::sort(group, std::greater<>());
      of_groups.push_back(s.group_score == GroupScore::kMax || size == 1 ? group[0]
                                                                         : group[0] + group[1]);
    }
    std::vector<int> groups = oracle::Ranked(of_groups);
    groups.resize(static_cast<size_t>(s.top_groups));
    std::vector<int> experts;
    for (const int e : oracle::Ranked(for_choice)) {
      const auto group = static_cast<int>(static_cast<size_t>(e) / size);
      if (num_groups == 1 || std::ranges::find(groups, group) != groups.end()) {
        experts.push_back(e);
      }
    }
    experts.resize(static_cast<size_t>(s.experts_per_token));
    double sum = 0;
    for (const int e : experts) sum += scores[static_cast<size_t>(e)];
    for (const int e : experts) {
      choice.weights.push_back(scores[static_cast<size_t>(e)] / (s.normalise ? sum : 1) * s.scale);
    }
    choice.experts.push_back(experts);
  }
  return choice;
}

struct Case {
  std::string name;
  RouteSettings settings;
  bool bias = false;
};

std::vector<Case> Cases() {
  return {
      {"Mixtral", {.experts_per_token = 2}},
      {"one expert", {.experts_per_token = 1, .normalise = false}},
      {"Qwen3-MoE without norm_topk_prob", {.experts_per_token = 5, .normalise = false}},
      {"DeepSeek-V2",
       {.experts_per_token = 3,
        .num_groups = 4,
        .top_groups = 2,
        .group_score = GroupScore::kMax,
        .normalise = false,
        .scale = 16}},
      {"DeepSeek-V3",
       {.gate = Gate::kSigmoid,
        .experts_per_token = 4,
        .num_groups = 4,
        .top_groups = 2,
        .scale = 2.5},
       true},
      {"sigmoid without groups", {.gate = Gate::kSigmoid, .experts_per_token = 2}, true},
  };
}

TEST(Route, ChoosesAndWeighsAsThePapersSayInValuesAndGradients) {
  constexpr int64_t kTokens = 23, kExperts = 16;
  const at::Tensor logits = Random({kTokens, kExperts}, 3);
  for (const Case& c : Cases()) {
    const at::Tensor bias = c.bias ? Random({kExperts}, 4).mul(0.3) : at::Tensor();
    const auto route = [&](const oracle::Doubles& x) {
      return OracleRoute(x, c.bias ? ToDoubles(bias) : oracle::Doubles{}, c.settings, kExperts);
    };
    const Choice expected = route(ToDoubles(logits));
    for (const Form& form : AllForms()) {
      SCOPED_TRACE(c.name + " " + form.name());
      const UseForm use(form);
      const at::Tensor leaf = logits.clone().requires_grad_(true);
      const Routing routing = Route(leaf, bias, c.settings);
      const int64_t per_token = c.settings.experts_per_token;
      for (int64_t t = 0; t < kTokens; ++t) {
        for (int64_t a = 0; a < per_token; ++a) {
          ASSERT_EQ(routing.experts_TA.const_data_ptr<int32_t>()[t * per_token + a],
                    expected.experts[static_cast<size_t>(t)][static_cast<size_t>(a)]);
        }
      }
      EXPECT_LE(RelativeError(routing.weights_TA, expected.weights), 1e-6);
      const at::Tensor dweights = Random(routing.weights_TA.sizes(), 5);
      routing.weights_TA.backward(dweights);
      const auto weights_of = [&](const oracle::Doubles& x) { return route(x).weights; };
      EXPECT_LE(RelativeError(leaf.grad(), oracle::NumericalGradient(weights_of, ToDoubles(logits),
                                                                     ToDoubles(dweights))),
                1e-5);
    }
  }
}

TEST(Route, GivesTiesToTheLowerId) {
  const at::Tensor logits = at::tensor({1.f, 2.f, 2.f, 2.f, 0.f, 2.f, 1.f, 1.f}).view({1, 8});
  for (const Form& form : AllForms()) {
    const UseForm use(form);
    for (const Gate gate : {Gate::kSoftmax, Gate::kSigmoid}) {
      const Routing routing = Route(logits, {}, {.gate = gate, .experts_per_token = 3});
      EXPECT_TRUE(routing.experts_TA.flatten().equal(at::tensor({1, 2, 3}, at::kInt)))
          << form.name();
    }
    const RouteSettings grouped{.gate = Gate::kSigmoid,
                                .experts_per_token = 1,
                                .num_groups = 4,
                                .top_groups = 1,
                                .group_score = GroupScore::kMax};
    const Routing routing = Route(logits, {}, grouped);
    EXPECT_EQ(routing.experts_TA.const_data_ptr<int32_t>()[0], 1) << form.name();
  }
}

// DeepSeek's own code leaves other groups out whatever their scores; transformers lets them in
// where the chosen groups' biased scores are negative.
TEST(Route, NeverLeavesTheChosenGroups) {
  const at::Tensor logits = at::zeros({1, 8});
  const at::Tensor bias = at::tensor({-0.6f, -0.6f, -0.7f, -0.7f, -2.f, -2.f, -2.f, -2.f});
  const RouteSettings settings{
      .gate = Gate::kSigmoid, .experts_per_token = 2, .num_groups = 2, .top_groups = 1};
  for (const Form& form : AllForms()) {
    const UseForm use(form);
    EXPECT_TRUE(
        Route(logits, bias, settings).experts_TA.flatten().equal(at::tensor({0, 1}, at::kInt)));
  }
}

TEST(Route, MovesTheChoiceButNotTheWeightsWithTheBias) {
  const at::Tensor logits = at::tensor({2.f, 1.f, 0.f, -1.f}).view({1, 4});
  const at::Tensor bias = at::tensor({0.f, 0.f, 0.f, 5.f});
  for (const Form& form : AllForms()) {
    const UseForm use(form);
    const Routing routing =
        Route(logits, bias, {.gate = Gate::kSigmoid, .experts_per_token = 2, .normalise = false});
    EXPECT_TRUE(routing.experts_TA.flatten().equal(at::tensor({3, 0}, at::kInt)));
    EXPECT_LE(RelativeError(routing.weights_TA, {1 / (1 + std::exp(1.)), 1 / (1 + std::exp(-2.))}),
              1e-6);
  }
}

TEST(Route, SortsRowsByExpertAndWithinAnExpertByToken) {
  const at::Tensor logits = Random({50, 8}, 6);
  for (const Form& form : AllForms()) {
    const UseForm use(form);
    const Routing r = Route(logits, {}, {.experts_per_token = 3});
    ASSERT_EQ(r.offsets.size(), 9u);
    EXPECT_EQ(r.offsets.front(), 0);
    EXPECT_EQ(r.offsets.back(), 150);
    const auto* slots = r.slot_of_TA.const_data_ptr<int32_t>();
    const auto* tokens = r.slot_token_S.const_data_ptr<int32_t>();
    const auto* experts = r.experts_TA.const_data_ptr<int32_t>();
    std::vector<bool> seen(150, false);
    for (int64_t i = 0; i < 150; ++i) {
      const auto e = static_cast<size_t>(experts[i]);
      EXPECT_GE(slots[i], r.offsets[e]);
      EXPECT_LT(slots[i], r.offsets[e + 1]);
      EXPECT_EQ(tokens[slots[i]], i / 3);
      seen[static_cast<size_t>(slots[i])] = true;
    }
    EXPECT_TRUE(std::ranges::all_of(seen, [](bool b) { return b; }));
    for (size_t e = 0; e < 8; ++e) {
      EXPECT_TRUE(std::is_sorted(tokens + r.offsets[e], tokens + r.offsets[e + 1]));
    }
  }
}

TEST(MoeGatherAndCombine, AgreeWithTheFormulaInValuesAndGradients) {
  constexpr size_t kTokens = 7, kWidth = 19, kChoices = 3;
  const at::Tensor logits = Random({kTokens, 6}, 1);
  for (const Form& form : AllForms()) {
    const UseForm use(form);
    const Routing routing = Route(logits, {}, {.experts_per_token = kChoices});
    const auto* slots = routing.slot_of_TA.const_data_ptr<int32_t>();
    const auto* tokens = routing.slot_token_S.const_data_ptr<int32_t>();
    ExpectAgreesWithOracle({
        .inputs = {Random({kTokens, kWidth}, 2)},
        .op = [&](auto& p) { return MoeGather(p[0].value, routing); },
        .oracle =
            [&](const auto& x) {
              oracle::Doubles y;
              for (size_t slot = 0; slot < kTokens * kChoices; ++slot) {
                for (size_t i = 0; i < kWidth; ++i) {
                  y.push_back(x[0][static_cast<size_t>(tokens[slot]) * kWidth + i]);
                }
              }
              return y;
            },
    });
    const auto combine = [&](const oracle::Doubles& x, const oracle::Doubles& weights) {
      oracle::Doubles y(kTokens * kWidth, 0);
      for (size_t i = 0; i < kTokens * kChoices; ++i) {
        for (size_t c = 0; c < kWidth; ++c) {
          y[i / kChoices * kWidth + c] +=
              weights[i] * x[static_cast<size_t>(slots[i]) * kWidth + c];
        }
      }
      return y;
    };
    for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
      const at::Tensor x = Random({kTokens * kChoices, kWidth}, 3, dtype).requires_grad_(true);
      Routing weighted = routing;
      weighted.weights_TA = routing.weights_TA.detach().clone().requires_grad_(true);
      const at::Tensor y = MoeCombine(x, weighted);
      EXPECT_LE(RelativeError(y, combine(ToDoubles(x), ToDoubles(weighted.weights_TA))),
                Tolerance(dtype));
      const at::Tensor dy = Random(y.sizes(), 4, dtype);
      y.backward(dy);
      const auto of_x = [&](const auto& v) { return combine(v, ToDoubles(weighted.weights_TA)); };
      const auto of_weights = [&](const auto& v) { return combine(ToDoubles(x), v); };
      EXPECT_LE(
          RelativeError(x.grad(), oracle::NumericalGradient(of_x, ToDoubles(x), ToDoubles(dy))),
          Tolerance(dtype));
      EXPECT_LE(RelativeError(weighted.weights_TA.grad(),
                              oracle::NumericalGradient(of_weights, ToDoubles(weighted.weights_TA),
                                                        ToDoubles(dy))),
                1e-5);
    }
  }
}

// The whole path of a token through the gate and two permutations, alone and in batches.
TEST(MoeOps, GiveATokenTheSameBitsAloneAndInAnyBatchOnAnyNumberOfThreads) {
  constexpr int64_t kTokens = 97, kWidth = 50;
  const at::Tensor logits = Random({kTokens, 12}, 1), bias = Random({12}, 2).mul(0.1);
  const RouteSettings settings{
      .gate = Gate::kSigmoid, .experts_per_token = 4, .num_groups = 3, .top_groups = 2};
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const at::Tensor x = Random({kTokens, kWidth}, 3, dtype);
    const auto run = [&](int64_t first, int64_t count) {
      const Routing routing = Route(logits.narrow(0, first, count), bias, settings);
      return MoeCombine(MoeGather(x.narrow(0, first, count), routing), routing);
    };
    for (Form form : KernelForms()) {
      at::Tensor all;
      for (const int num_threads : {1, 2, 7}) {
        form.num_threads = num_threads;
        const UseForm use(form);
        const at::Tensor y = run(0, kTokens);
        if (!all.defined()) all = y;
        EXPECT_TRUE(SameBits(all, y)) << form.name();
        for (const int64_t size : {1, 10}) {
          for (int64_t first = 0; first + size <= kTokens; first += 8) {
            ASSERT_TRUE(SameBits(all.narrow(0, first, size), run(first, size))) << form.name();
          }
        }
      }
    }
  }
}

TEST(Route, RefusesToChooseMoreExpertsThanTheGroupsHold) {
  const at::Tensor logits = Random({2, 8}, 1);
  EXPECT_THROW(Route(logits, {}, {.experts_per_token = 9}), CheckFailure);
  EXPECT_THROW(Route(logits, {}, {.experts_per_token = 3, .num_groups = 4, .top_groups = 1}),
               CheckFailure);
}

}  // namespace
}  // namespace rationale::ops
