// Gradients of weights as products of gemm: y_grad^T is written out as rows and x is packed into
// panels, some rows of some problems at a time, then added onto what the gradients hold.

#include <algorithm>
#include <vector>

#include "base/thread_pool.h"
#include "policy/ops/cpu/aligned_buffer.h"
#include "policy/ops/cpu/convert.h"
#include "policy/ops/cpu/gemm.h"

namespace rationale::ops::cpu {
namespace {

constexpr int64_t kSegmentRows = 1024;    // a multiple of 32: what gemm.h sums as one stays whole
constexpr int64_t kWaveBytes = 16 << 20;  // of copies held at once
constexpr int64_t kTransposeColumns = 64;
constexpr int64_t kCacheLine = 64;

constexpr int64_t DivideUp(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
constexpr int64_t RoundUp(int64_t a, int64_t b) {
  return DivideUp(a, b) * b;
}

// Rows [row, row + num_rows) of a problem and where their copies lie.
struct Segment {
  const WeightGradProblem* problem = nullptr;
  int64_t row = 0;
  int64_t num_rows = 0;
  char* transposed = nullptr;
  char* packed = nullptr;
};

// The segments of all problems, first those that begin at row 0, then those that follow: one
// problem's stay in order.
std::vector<Segment> Cut(std::span<const WeightGradProblem> problems) {
  std::vector<Segment> segments;
  int64_t rows_max = 0;
  for (const WeightGradProblem& problem : problems) rows_max = std::max(rows_max, problem.m);
  for (int64_t row = 0; row < rows_max; row += kSegmentRows) {
    for (const WeightGradProblem& problem : problems) {
      if (row >= problem.m) continue;
      segments.push_back(
          {.problem = &problem, .row = row, .num_rows = std::min(kSegmentRows, problem.m - row)});
    }
  }
  return segments;
}

class Wave {
 public:
  Wave(Element operands, int64_t n, int64_t k) : operands_(operands), n_(n), k_(k) {}

  // The number of segments, from the first on, whose copies fit; no two of them of one problem.
  size_t Take(std::span<Segment> segments) {
    int64_t bytes = 0;
    size_t count = 0;
    for (; count < segments.size(); ++count) {
      Segment& segment = segments[count];
      const int64_t needed = TransposedBytes(segment) + PackedSize(segment);
      if (count > 0 && (bytes + needed > kWaveBytes || segment.row != segments[0].row)) break;
      bytes += needed;
    }
    segments_ = segments.first(count);
    thread_local AlignedBuffer buffer;
    char* memory = static_cast<char*>(buffer.Reserve(bytes));
    for (Segment& segment : segments_) {
      segment.transposed = memory;
      segment.packed = memory + TransposedBytes(segment);
      memory = segment.packed + PackedSize(segment);
    }
    return count;
  }

  void Copy() const {
    const int64_t column_blocks = DivideUp(n_, kTransposeColumns);
    const int64_t pieces = column_blocks + NumPanels(k_);
    ParallelFor(static_cast<int64_t>(segments_.size()) * pieces,
                DivideUp(1 << 15, segments_[0].num_rows * kTransposeColumns),
                [&](int64_t begin, int64_t end) {
                  for (int64_t i = begin; i < end; ++i) {
                    const Segment& segment = segments_[static_cast<size_t>(i / pieces)];
                    const int64_t piece = i % pieces;
                    if (piece < column_blocks) {
                      TransposeColumns(segment, piece * kTransposeColumns);
                    } else {
                      PackPanel(segment, piece - column_blocks);
                    }
                  }
                });
  }

  void Multiply() const {
    thread_local std::vector<GemmProblem> products;
    products.clear();
    for (const Segment& segment : segments_) {
      products.push_back({.a = segment.transposed,
                          .a_stride = TransposedStride(segment),
                          .m = n_,
                          .n = k_,
                          .k = segment.num_rows,
                          .packed_b = segment.packed,
                          .c = segment.problem->weight_grad,
                          .c_stride = k_});
    }
    Gemm({.operands = operands_, .accumulate = true}, products);
  }

 private:
  // Not a multiple of a page, or all rows would compete for the same places in the cache.
  static int64_t TransposedStride(const Segment& segment) {
    return RoundUp(segment.num_rows, 32) + 32;
  }
  int64_t TransposedBytes(const Segment& segment) const {
    return RoundUp(n_ * TransposedStride(segment) * SizeOf(operands_), kCacheLine);
  }
  int64_t PackedSize(const Segment& segment) const {
    return PackedBytes(operands_, segment.num_rows, k_);
  }

  void TransposeColumns(const Segment& segment, int64_t column) const {
    const WeightGradProblem& problem = *segment.problem;
    const int64_t columns = std::min(kTransposeColumns, n_ - column);
    const int64_t stride = TransposedStride(segment);
    const int64_t from = segment.row * problem.y_stride + column;
    if (operands_ == Element::kFloat) {
      GemmTable().transpose_float(
          static_cast<const float*>(problem.y_grad) + from, problem.y_stride, segment.num_rows,
          columns, reinterpret_cast<float*>(segment.transposed) + column * stride, stride);
    } else {
      GemmTable().transpose_bf16(
          static_cast<const Bf16*>(problem.y_grad) + from, problem.y_stride, segment.num_rows,
          columns, reinterpret_cast<Bf16*>(segment.transposed) + column * stride, stride);
    }
  }

  void PackPanel(const Segment& segment, int64_t panel) const {
    const WeightGradProblem& problem = *segment.problem;
    PackPanels(operands_,
               {.data = static_cast<const char*>(problem.x) +
                        segment.row * problem.x_stride * SizeOf(operands_),
                .stride = problem.x_stride,
                .k = segment.num_rows,
                .n = k_},
               panel, panel + 1, segment.packed);
  }

  Element operands_;
  int64_t n_;
  int64_t k_;
  std::span<Segment> segments_;
};

}  // namespace

void AddWeightGrads(Element operands, int64_t n, int64_t k,
                    std::span<const WeightGradProblem> problems) {
  std::vector<Segment> segments = Cut(problems);
  std::span<Segment> left = segments;
  Wave wave(operands, n, k);
  while (!left.empty()) {
    left = left.subspan(wave.Take(left));
    wave.Copy();
    wave.Multiply();
  }
}

}  // namespace rationale::ops::cpu
