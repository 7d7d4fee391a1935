#include "policy/ops/cuda/forms.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "base/check.h"
#include "base/error.h"
#include "policy/ops/cuda/kernels.h"
#include "policy/ops/cuda/rows_on_device.h"
#include "policy/ops/gpu_decode.h"
#include "policy/ops/kernel_args.h"
#include "policy/ops/reference.h"

namespace rationale::ops::cuda {
namespace {

bool IsBf16(const at::Tensor& x) {
  return x.scalar_type() == at::kBFloat16;
}

at::Tensor EmptyLike(const at::Tensor& x, at::IntArrayRef sizes) {
  return at::empty(sizes, x.options().requires_grad(false));
}

void CheckLaunched(const char* name) {
  const char* error = LaunchError();
  Check{error == nullptr, name, " on the GPU: ", error == nullptr ? "" : error};
}

// x has dense rows.
RowsView ViewOf(const at::Tensor& x) {
  RowsView view{.data = x.const_data_ptr(), .width = x.size(-1)};
  view.count = view.width == 0 ? 0 : x.numel() / view.width;
  if (x.is_contiguous() || x.dim() == 1) {
    view.outer = view.width;
  } else if (x.dim() == 2) {
    view.outer = x.stride(0);
  } else {
    view.inner_count = x.size(1);
    view.outer = x.stride(0);
    view.inner = x.stride(1);
  }
  return view;
}

at::Tensor RmsNorm(const at::Tensor& x_any, const at::Tensor& weight_D, double eps) {
  const at::Tensor x = DenseRows(x_any), y = EmptyLike(x, x.sizes());
  if (x.numel() > 0) {
    LaunchRmsNorm(IsBf16(x), ViewOf(x), weight_D.const_data_ptr(), static_cast<float>(eps),
                  y.mutable_data_ptr(), CurrentStream());
  }
  CheckLaunched("RmsNorm");
  return y;
}

at::Tensor SwiGlu(const at::Tensor& x_any) {
  const at::Tensor x = DenseRows(x_any);
  auto sizes = x.sizes().vec();
  sizes.back() /= 2;
  at::Tensor y = EmptyLike(x, sizes);
  if (x.numel() > 0) LaunchSwiGlu(IsBf16(x), ViewOf(x), y.mutable_data_ptr(), CurrentStream());
  CheckLaunched("SwiGlu");
  return y;
}

at::Tensor Rope(const at::Tensor& x_any, const at::Tensor& positions_T, const RopeTable& table,
                int64_t offset, bool interleaved) {
  const at::Tensor x = DenseRows(x_any), y = EmptyLike(x, x.sizes());
  if (x.numel() == 0) return y;
  LaunchRope(IsBf16(x),
             {.x = ViewOf(x),
              .positions = positions_T.const_data_ptr<int32_t>(),
              .cos = table.cos.const_data_ptr<float>(),
              .sin = table.sin.const_data_ptr<float>(),
              .heads = x.size(1),
              .half = table.cos.size(1),
              .offset = offset,
              .interleaved = interleaved,
              .y = y.mutable_data_ptr()},
             CurrentStream());
  CheckLaunched("Rope");
  return y;
}

void Write(const at::Tensor& rows, const RowPlaces& places, const at::Tensor& pages) {
  LaunchWritePages(IsBf16(rows), ViewOf(rows), rows.size(1), places, pages.mutable_data_ptr(),
                   CurrentStream());
}

// Tokens by row, or by slot of the pages.
HeadsView HeadsOf(const at::Tensor& rows, const at::Tensor& pages) {
  if (pages.defined()) {
    return {.data = pages.const_data_ptr(),
            .token_stride = pages.stride(1),
            .head_stride = pages.stride(2)};
  }
  return {
      .data = rows.const_data_ptr(), .token_stride = rows.stride(0), .head_stride = rows.stride(1)};
}

at::Tensor Attention(const at::Tensor& q_any, const at::Tensor& k_any, const at::Tensor& v_any,
                     const AttentionSettings& settings, std::span<const SequenceSpan> spans,
                     KvLayer* cache) {
  if (q_any.size(2) > kKeyWidthMax || settings.value_width > kValueWidthMax ||
      (spans.empty() && !SpansOnDevice::Only())) {
    if (SpansOnDevice::Only()) throw Error("heads of {} columns have no kernel", q_any.size(2));
    return reference::Attention(q_any, k_any, v_any, settings, spans, cache);
  }
  const at::Tensor q = DenseRows(q_any), k = DenseRows(k_any);
  const at::Tensor v = v_any.defined() ? DenseRows(v_any) : v_any;
  const SpansOnDevice sent(spans, cache != nullptr, q.device());
  const RowPlaces& places = *CurrentPlaces();
  Check{places.num_rows == q.size(0) && (places.pages != nullptr) == (cache != nullptr),
        "the places on the GPU are of ", places.num_rows, " rows, not ", q.size(0)};
  const KvLayer none;
  const KvLayer& pool = cache != nullptr ? *cache : none;
  if (cache != nullptr) {
    Write(k, places, pool.keys);
    if (v.defined()) Write(v, places, pool.values);
  }
  at::Tensor out = EmptyLike(q, {q.size(0), q.size(1), settings.value_width});
  LaunchAttention(IsBf16(q),
                  {.q = HeadsOf(q, {}),
                   .keys = HeadsOf(k, pool.keys),
                   .values = v.defined() ? HeadsOf(v, pool.values) : HeadsOf(k, pool.keys),
                   .places = places,
                   .heads = q.size(1),
                   .group = q.size(1) / k.size(1),
                   .key_width = q.size(2),
                   .value_width = settings.value_width,
                   .window = settings.sliding_window,
                   .scale = static_cast<float>(settings.scale),
                   .out = out.mutable_data_ptr()},
                  CurrentStream());
  CheckLaunched("Attention");
  return out;
}

Routing Route(const at::Tensor& logits_any, const at::Tensor& bias_E,
              const RouteSettings& settings) {
  const int64_t num_tokens = logits_any.size(0), num_experts = logits_any.size(1);
  if (num_experts > kExpertsMax || settings.num_groups > kGroupsMax || num_tokens == 0) {
    return reference::Route(logits_any, bias_E, settings);
  }
  const at::Tensor logits_TE = logits_any.contiguous();
  const auto integers = logits_TE.options().dtype(at::kInt);
  const int64_t choices = settings.experts_per_token;
  Routing routing{.experts_TA = at::empty({num_tokens, choices}, integers),
                  .weights_TA = at::empty({num_tokens, choices}, logits_TE.options()),
                  .offsets = {},
                  .slot_token_S = at::empty({num_tokens * choices}, integers),
                  .slot_of_TA = at::empty({num_tokens, choices}, integers),
                  .ends_E = at::empty({num_experts}, integers)};
  const at::Tensor offsets = at::empty({num_experts + 1}, integers.dtype(at::kLong));
  LaunchRoute({.logits = logits_TE.const_data_ptr<float>(),
               .bias = bias_E.defined() ? bias_E.const_data_ptr<float>() : nullptr,
               .num_tokens = num_tokens,
               .num_experts = num_experts,
               .choices = choices,
               .num_groups = settings.num_groups,
               .top_groups = settings.top_groups,
               .sigmoid = settings.gate == Gate::kSigmoid,
               .best_two = settings.group_score == GroupScore::kTopTwoSum,
               .normalise = settings.normalise,
               .scale = static_cast<float>(settings.scale),
               .experts = routing.experts_TA.mutable_data_ptr<int32_t>(),
               .weights = routing.weights_TA.mutable_data_ptr<float>(),
               .slot_token = routing.slot_token_S.mutable_data_ptr<int32_t>(),
               .slot_of = routing.slot_of_TA.mutable_data_ptr<int32_t>(),
               .offsets = offsets.mutable_data_ptr<int64_t>(),
               .ends = routing.ends_E.mutable_data_ptr<int32_t>()},
              CurrentStream());
  CheckLaunched("Route");
  if (settings.ends_suffice) return routing;
  if (SpansOnDevice::Only()) {
    throw Error(
        "experts that are not bfloat16 in multiples of 8 want their rows counted on the host");
  }
  const at::Tensor on_host = offsets.cpu();
  const int64_t* first = on_host.const_data_ptr<int64_t>();
  routing.offsets.assign(first, first + on_host.numel());
  return routing;
}

at::Tensor MoeCombine(const at::Tensor& x_any, const Routing& routing) {
  const at::Tensor x_SD = x_any.contiguous(), weights_TA = routing.weights_TA.contiguous();
  at::Tensor y = EmptyLike(x_SD, {routing.slot_of_TA.size(0), x_SD.size(1)});
  if (y.numel() == 0) return y;
  LaunchCombine(IsBf16(x_SD), x_SD.const_data_ptr(), routing.slot_of_TA.const_data_ptr<int32_t>(),
                weights_TA.const_data_ptr<float>(), y.size(0), routing.slot_of_TA.size(1),
                y.size(1), y.mutable_data_ptr(), CurrentStream());
  CheckLaunched("MoeCombine");
  return y;
}

constexpr Forms kForms{.rms_norm = RmsNorm,
                       .swiglu = SwiGlu,
                       .rope = Rope,
                       .attention = Attention,
                       .route = Route,
                       .moe_combine = MoeCombine};

}  // namespace

const Forms* FormsFor(const at::Tensor& x) {
  return x.is_cuda() && !at::GradMode::is_enabled() ? &kForms : nullptr;
}

}  // namespace rationale::ops::cuda
