// tensor_pool: results of ops in memory that is used again, so that a decode step allocates
// nothing.
//
// A step calls the same ops on the same sizes as the one before. The pool keeps every tensor it has
// given out and gives it out again, with other sizes if need be, once nobody else holds it; since a
// forward pass holds few results at a time, these stay in the processor's caches.
//
//   TensorPool pool;
//   const TensorPool::Use use(&pool);
//   model.Hidden(batch);  // under no-grad: the second time it allocates nothing

#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace rationale::ops {

// Used by one thread at a time; the tensors may go anywhere.
class TensorPool {
 public:
  // A contiguous tensor on the CPU, its values undefined. It counts as free when no tensor, views
  // included, shares its memory.
  at::Tensor Take(at::IntArrayRef sizes, at::ScalarType dtype);

  // Gives the memory back that nobody holds.
  void Clear();

  // Until its end, NewTensor in this thread takes from the pool, as long as grad mode is off; null
  // changes nothing.
  class Use {
   public:
    explicit Use(TensorPool* pool);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    TensorPool* before_;
  };

 private:
  static constexpr size_t kClasses = 48;
  std::array<std::vector<at::Tensor>, kClasses> tensors_;  // [i]: of 2^i bytes each
};

// A contiguous tensor on the CPU for an op's result: from the pool in use, else fresh.
at::Tensor NewTensor(at::IntArrayRef sizes, at::ScalarType dtype);

}  // namespace rationale::ops
