// attention: causal softmax attention of some rows of one sequence under one key/value head,
// forward and backward.
//
// The query heads that share the key/value head are rows like the tokens are: a block holds
// num_positions * group rows. Each row visits the keys it may see in chunks of four pages counted
// from the sequence's first token: the chunk's scores, their maximum, the weights, then sum and
// output rescaled and added to, key by key (Milakov & Gimelshein 2018, arXiv:1805.02867, alg. 3;
// per chunk as in Dao et al. 2022, arXiv:2205.14135). All in float32. Nothing in that order depends
// on the other rows of the block or on where the keys lie.

#pragma once

#include <cstdint>

#include "policy/ops/cpu/bf16.h"
#include "policy/ops/cpu/dispatch.h"

namespace rationale::ops::cpu {

struct AttentionShape {
  int64_t group = 1;        // query heads of the key/value head
  int64_t key_width = 0;    // Q
  int64_t value_width = 0;  // V
  int64_t window = 0;       // keys a row sees, itself included; 0: all
  float scale = 1;
};

// [token, head, :] at data + token * token_stride + head * head_stride; strides in elements.
template <typename T>
struct TokenHeads {
  T* data = nullptr;
  int64_t token_stride = 0;
  int64_t head_stride = 0;

  T* At(int64_t token, int64_t head) const {
    return data + token * token_stride + head * head_stride;
  }
};

// The keys or the values of a sequence under one key/value head: token i lies at data + i *
// token_stride or, with pages, at data + pages[i / kPageTokens] * page_stride + (i % kPageTokens) *
// token_stride.
template <typename T>
struct TokenRows {
  const T* data = nullptr;
  int64_t token_stride = 0;
  const int32_t* pages = nullptr;
  int64_t page_stride = 0;
};

template <typename T>
struct AttentionBlock {
  int64_t first_position = 0, num_positions = 0;  // in the sequence
  int64_t num_keys = 0;                           // of the sequence; more than every position
  TokenHeads<const T> q;                          // from first_position on
  TokenRows<T> keys, values;  // no values.data: they are the first columns of the keys
  TokenRows<T> next_keys;     // what is read after this block, if it is known
  int64_t num_next_keys = 0;
  TokenHeads<T> out;           // from first_position on
  TokenHeads<float> log_sums;  // ln sum e^score of each row, where data is not null
};

// A whole sequence: the positions are 0 .. num_positions - 1 and their keys lie one after another.
template <typename T>
struct AttentionGrads {
  int64_t num_positions = 0;
  int64_t block_positions = 0;  // taken at a time; changes the order of sums
  TokenHeads<const T> q, out, dout;
  TokenRows<T> keys, values;
  TokenHeads<const float> log_sums;
  TokenHeads<T> dq;
  T* dkeys = nullptr;
  T* dvalues = nullptr;                          // null as values.data is: then part of dkeys
  int64_t dkeys_stride = 0, dvalues_stride = 0;  // from token to token
};

// Floats of scratch, with widths rounded up to 32 (as R for rows: positions of the block * group):
//   forward   R (Q + V) + 81 R + 64 Q + 16 V
//   backward  positions of the sequence * (Q + V) + R (2 Q + V) + 34 R + 16 (Q + V) + 32
struct AttentionForwardKernels {
  void (*float32)(const AttentionShape&, const AttentionBlock<float>&, float* scratch);
  void (*bfloat16)(const AttentionShape&, const AttentionBlock<Bf16>&, float* scratch);
};
struct AttentionBackwardKernels {
  void (*float32)(const AttentionShape&, const AttentionGrads<float>&, float* scratch);
  void (*bfloat16)(const AttentionShape&, const AttentionGrads<Bf16>&, float* scratch);
};
RATIONALE_KERNELS(AttentionForwardKernels, AttentionForward)
RATIONALE_KERNELS(AttentionBackwardKernels, AttentionBackward)

}  // namespace rationale::ops::cpu
