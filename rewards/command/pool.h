// ChildPool: children that run the same command, one for each question that is asked at once.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/command/child.h"

namespace rationale {

class ChildPool {
 public:
  struct Limits {
    int64_t processes = 1;         // children alive at once
    int64_t deadline_ms = 10'000;  // for an answer
    int64_t start_ms = 60'000;     // more, for a child's first
  };

  ChildPool(std::vector<std::string> command, const Limits& limits);

  // One child's answer, of a child that lives already if one is free. A child that failed is
  // replaced when the next question needs it. `accept(line)` is empty if the line answers the
  // question, else what is wrong with it: the child is then as good as failed. Thread-safe.
  template <class Accept>
  Child::Answer Ask(std::string_view question, const Accept& accept) {
    std::unique_ptr<Seat> seat = Take();
    Child::Answer answer = AskChild(*seat, question);
    if (answer.complete) {
      if (std::string fault = accept(answer.line); !fault.empty()) {
        answer = {.complete = false, .line = std::move(fault)};
      }
    }
    GiveBack(std::move(seat), answer);
    return answer;
  }

 private:
  // A place for one child; it may be empty.
  struct Seat {
    std::unique_ptr<Child> child;
    bool has_answered = false;
  };

  std::unique_ptr<Seat> Take();
  Child::Answer AskChild(Seat& seat, std::string_view question) const;
  void GiveBack(std::unique_ptr<Seat> seat, const Child::Answer& answer);
  void CountFailure(const std::string& what);

  const std::vector<std::string> command_;
  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<Seat>> free_;  // the last one used is at the end
  int64_t num_failures_ = 0;
};

}  // namespace rationale
