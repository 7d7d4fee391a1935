#include "rewards/command/pool.h"

#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/text_table.h"

namespace rationale {

ChildPool::ChildPool(std::vector<std::string> command, const Limits& limits)
    : command_(std::move(command)), limits_(limits) {
  for (int64_t i = 0; i < limits.processes; ++i) free_.push_back(std::make_unique<Seat>());
}

std::unique_ptr<ChildPool::Seat> ChildPool::Take() {
  std::unique_lock lock(mutex_);
  given_back_.wait(lock, [this] { return !free_.empty(); });
  std::unique_ptr<Seat> seat = std::move(free_.back());
  free_.pop_back();
  return seat;
}

Child::Answer ChildPool::AskChild(Seat& seat, std::string_view question) const {
  if (seat.child == nullptr) {
    try {
      seat.child = std::make_unique<Child>(command_);
    } catch (const Failure& failure) {
      return {.line = failure.what()};
    }
    seat.has_answered = false;
  }
  return seat.child->Ask(question,
                         limits_.deadline_ms + (seat.has_answered ? 0 : limits_.start_ms));
}

void ChildPool::GiveBack(std::unique_ptr<Seat> seat, const Child::Answer& answer) {
  seat->has_answered = true;
  if (!answer.complete || !seat->child->in_step()) seat->child.reset();
  const bool alive = seat->child != nullptr;
  {
    const std::lock_guard lock(mutex_);
    // Living children are used first, those without one last.
    free_.insert(alive ? free_.end() : free_.begin(), std::move(seat));
    if (!answer.complete) CountFailure(answer.line);
  }
  given_back_.notify_one();
}

// Warns of the 1st, 10th, 100th, ... failure.
void ChildPool::CountFailure(const std::string& what) {
  ++num_failures_;
  int64_t power = 1;
  while (power < num_failures_) power *= 10;
  if (power != num_failures_) return;
  constexpr size_t kColumnsMax = 2000;
  LogWarning("the reward's command '{}' failed{}: {}", command_[0],
             num_failures_ == 1 ? "" : fmt::format(" the {}th time", num_failures_),
             CutToWidth(what, kColumnsMax));
}

}  // namespace rationale
