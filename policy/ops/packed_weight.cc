#include "policy/ops/packed_weight.h"

#include <atomic>
#include <memory>
#include <mutex>

#include "base/check.h"
#include "base/thread_pool.h"
#include "policy/ops/cpu/aligned_buffer.h"
#include "policy/ops/cpu/int8.h"
#include "policy/ops/op_timer.h"

namespace rationale::ops {
namespace {

// One direction's panels and what they were made from.
struct Form {
  std::shared_ptr<void> memory;
  int64_t bytes = 0;
  int64_t stride_bytes = 0;  // from one matrix's panels to the next
  const void* source = nullptr;
  int64_t version = 0;
  cpu::Level level = cpu::Level::kPortable;
  std::atomic<const void*> next = nullptr;  // only asked for ahead: it may be gone
};

// Room for as many matrices.
char* Reserve(int64_t num_matrices, Form& form) {
  const int64_t bytes = num_matrices * form.stride_bytes;
  if (bytes > form.bytes) {
    form.memory = cpu::AllocateInHugePages(bytes);
    form.bytes = bytes;
  }
  return static_cast<char*>(form.memory.get());
}

struct Forms {
  std::mutex mutex;  // held while a form is looked at or made
  Form forward, backward, int8;
};

// The parameter's forms, made by whichever thread comes first.
std::shared_ptr<Forms> FormsOf(Parameter& weight) {
  std::shared_ptr<void> forms = std::atomic_load(&weight.packed);
  if (forms == nullptr) {
    const std::shared_ptr<void> fresh = std::make_shared<Forms>();
    if (std::atomic_compare_exchange_strong(&weight.packed, &forms, fresh)) forms = fresh;
  }
  return std::static_pointer_cast<Forms>(forms);
}

void CheckWeight(const Parameter& weight) {
  const at::Tensor& value = weight.value;
  Check{value.is_cpu() && value.is_contiguous() && (value.dim() == 2 || value.dim() == 3),
        weight.name, ": not a contiguous matrix (or a stack of them) on the CPU"};
}

constexpr int64_t kCacheLine = 64;

int64_t WholeLines(int64_t bytes) {
  return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

void PackForm(const Parameter& weight, Direction direction, Form& form) {
  CheckWeight(weight);
  const at::Tensor& value = weight.value;
  const cpu::Element element = ElementOf(value.scalar_type());
  const int64_t num_matrices = value.dim() == 3 ? value.size(0) : 1;
  const int64_t rows = value.size(-2);
  const int64_t columns = value.size(-1);
  const bool forward = direction == Direction::kForward;
  cpu::MatrixView view{.stride = columns,
                       .k = forward ? columns : rows,
                       .n = forward ? rows : columns,
                       .columns_in_rows = forward};
  form.stride_bytes = WholeLines(cpu::PackedBytes(element, view.k, view.n));
  char* memory = Reserve(num_matrices, form);
  const char* source = static_cast<const char*>(value.const_data_ptr());
  const int64_t panels = cpu::NumPanels(view.n);
  ParallelFor(num_matrices * panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t matrix = i / panels;
      cpu::MatrixView one = view;
      one.data = source + matrix * rows * columns * cpu::SizeOf(element);
      cpu::PackPanels(element, one, i % panels, i % panels + 1,
                      memory + matrix * form.stride_bytes);
    }
  });
}

void PackInt8Form(const Parameter& weight, Form& form) {
  CheckWeight(weight);
  const at::Tensor& value = weight.value;
  const cpu::Element element = ElementOf(value.scalar_type());
  const int64_t num_matrices = value.dim() == 3 ? value.size(0) : 1;
  const int64_t n = value.size(-2), k = value.size(-1);
  const int64_t panels = cpu::Int8Panels(n), panel_bytes = cpu::Int8PanelBytes(k);
  form.stride_bytes = WholeLines(panels * panel_bytes);
  char* memory = Reserve(num_matrices, form);
  const char* source = static_cast<const char*>(value.const_data_ptr());
  ParallelFor(num_matrices * panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t matrix = i / panels, panel = i % panels;
      cpu::PackInt8Panel(element, source + matrix * n * k * cpu::SizeOf(element), k, n, k, panel,
                         memory + matrix * form.stride_bytes + panel * panel_bytes);
    }
  });
}

// The form, packed by pack(form) where it is not of the present value.
template <typename Pack>
PackedMatrices UpToDate(const Parameter& weight, Form& form, const Pack& pack) {
  const void* source = weight.value.const_data_ptr();
  const cpu::Level level = cpu::ActiveLevel();
  if (form.source != source || form.version != weight.version || form.level != level) {
    const OpTimer timer("pack");
    form.source = nullptr;  // should packing throw
    pack(form);
    form.version = weight.version;
    form.level = level;
    form.source = source;
  }
  return {form.memory.get(), form.stride_bytes, form.next.load(std::memory_order_relaxed)};
}

// Notes that a thread reads these panels after those that it noted before.
void NoteOrder(const std::shared_ptr<Forms>& forms, Form Forms::*form) {
  thread_local std::weak_ptr<Forms> last_forms;
  thread_local Form Forms::*last_form;
  if (const std::shared_ptr<Forms> last = last_forms.lock()) {
    ((*last).*last_form).next.store(((*forms).*form).memory.get(), std::memory_order_relaxed);
  }
  last_forms = forms;
  last_form = form;
}

}  // namespace

PackedMatrices PackedWeight(Parameter& weight, Direction direction) {
  const std::shared_ptr<Forms> forms = FormsOf(weight);
  const std::scoped_lock lock(forms->mutex);
  const auto form = direction == Direction::kForward ? &Forms::forward : &Forms::backward;
  const PackedMatrices packed =
      UpToDate(weight, (*forms).*form, [&](Form& stale) { PackForm(weight, direction, stale); });
  NoteOrder(forms, form);
  return packed;
}

PackedMatrices PackedInt8Weight(Parameter& weight) {
  const std::shared_ptr<Forms> forms = FormsOf(weight);
  const std::scoped_lock lock(forms->mutex);
  return UpToDate(weight, forms->int8, [&](Form& form) { PackInt8Form(weight, form); });
}

cpu::Element ElementOf(at::ScalarType dtype) {
  Check{dtype == at::kFloat || dtype == at::kBFloat16, "ops compute in float32 or bfloat16, not ",
        c10::toString(dtype)};
  return dtype == at::kFloat ? cpu::Element::kFloat : cpu::Element::kBf16;
}

}  // namespace rationale::ops
