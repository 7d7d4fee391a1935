#include "policy/ops/op_timer.h"

namespace rationale::ops {
namespace {

thread_local std::vector<OpSpan>* recorded = nullptr;

}  // namespace

OpRecording::OpRecording(std::vector<OpSpan>* spans) : before_(recorded) {
  if (spans != nullptr) recorded = spans;
}

OpRecording::~OpRecording() {
  recorded = before_;
}

OpTimer::OpTimer(const char* name) : name_(name) {
  if (recorded != nullptr) begin_ = std::chrono::steady_clock::now();
}

OpTimer::~OpTimer() {
  if (recorded != nullptr) recorded->push_back({name_, begin_, std::chrono::steady_clock::now()});
}

}  // namespace rationale::ops
