// op_timer: when each op of a thread began and ended, for whoever asks. Torch-free.
//
//   std::vector<ops::OpSpan> spans;
//   const ops::OpRecording recording(&spans);
//   model.Hidden(batch);                        // spans: embedding, rms_norm, linear, ...

#pragma once

#include <chrono>
#include <vector>

namespace rationale::ops {

struct OpSpan {
  // Of the function in ops.h, in snake case; "pack" (inside another) and "update_value" (see
  // Parameter) are what an update of the weights costs on top.
  const char* name;
  std::chrono::steady_clock::time_point begin, end;
};

// Until its end, the ops that this thread calls are appended to `spans`; null changes nothing.
class OpRecording {
 public:
  explicit OpRecording(std::vector<OpSpan>* spans);
  ~OpRecording();
  OpRecording(const OpRecording&) = delete;
  OpRecording& operator=(const OpRecording&) = delete;

 private:
  std::vector<OpSpan>* before_;
};

// One op, from construction to destruction.
class OpTimer {
 public:
  explicit OpTimer(const char* name);
  ~OpTimer();
  OpTimer(const OpTimer&) = delete;
  OpTimer& operator=(const OpTimer&) = delete;

 private:
  const char* name_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace rationale::ops
