#include "policy/ops/cpu/gemm.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/check.h"
#include "base/thread_pool.h"
#include "policy/ops/cpu/aligned_buffer.h"
#include "policy/ops/cpu/convert.h"

namespace rationale::ops::cpu {
namespace {

constexpr int64_t DivideUp(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
constexpr int64_t RoundUp(int64_t a, int64_t b) {
  return DivideUp(a, b) * b;
}

// One packed element's share of k.
int64_t Depth(Element element) {
  return element == Element::kBf16 && GemmTable().bf16_pairs ? 2 : 1;
}

int64_t PanelBytes(Element element, int64_t k) {
  const int64_t depth = Depth(element);
  return DivideUp(k, depth) * depth * GemmTable().panel_columns * SizeOf(element);
}

// Estimates for a middling core; they only decide how work is cut, never what is computed.
constexpr double kFloatProductsPerNs = 50;
constexpr double kPackedBytesPerNs = 15;
constexpr double kSerialNs = 6000;  // less than this is not worth waking other threads for
constexpr double kTaskNsMin = 3000;
constexpr int64_t kTasksPerThread = 8;  // so that a thread that was held up costs little
constexpr int64_t kPanelsPerThread = 4;
constexpr int64_t kOwnElementsMax = 1 << 18;  // of all threads' own copies of A
constexpr int64_t kBlockBytes = 384 << 10;    // of A in the second-level cache, beside a panel of B

double CostNs(Element operands, int64_t m, int64_t k, int64_t columns) {
  const double products = static_cast<double>(m) * static_cast<double>(k * columns);
  return products /
             (operands == Element::kBf16 ? GemmTable().bf16_products_per_ns : kFloatProductsPerNs) +
         static_cast<double>(k * columns * SizeOf(operands)) / kPackedBytesPerNs;
}

// How one call is cut: tiles of so many rows and panels, numbered problem by problem; within one,
// tiles of the same panels follow each other so that these stay in the shared cache.
struct Plan {
  int64_t block_rows = 0;
  int64_t block_panels = 0;
  std::vector<int64_t> first_tile;  // of each problem, and the number of tiles

  int64_t RowBlocks(const GemmProblem& problem) const { return DivideUp(problem.m, block_rows); }
  // Rows of each of them but the last, as equal as can be.
  int64_t RowsOf(const GemmProblem& problem) const {
    const int64_t blocks = std::max<int64_t>(1, RowBlocks(problem));
    return RoundUp(DivideUp(problem.m, blocks), GemmTable().row_unit);
  }

  void Number(std::span<const GemmProblem> problems) {
    first_tile.assign(1, 0);
    for (const GemmProblem& problem : problems) {
      first_tile.push_back(first_tile.back() +
                           RowBlocks(problem) * DivideUp(NumPanels(problem.n), block_panels));
    }
  }
};

int64_t BlockRowsMin() {
  return RoundUp(48, GemmTable().row_unit);
}

int64_t BlockRows(Element operands, std::span<const GemmProblem> problems) {
  int64_t k = 1;
  for (const GemmProblem& problem : problems) k = std::max(k, problem.k);
  return std::max(BlockRowsMin(),
                  RoundUp(kBlockBytes / (k * SizeOf(operands)), GemmTable().row_unit));
}

void MakePlan(const GemmSettings& settings, std::span<const GemmProblem> problems, double cost_ns,
              Plan& plan) {
  const int64_t threads = ComputePool().num_threads();
  int64_t most_panels = 0;
  for (const GemmProblem& problem : problems) {
    most_panels = std::max(most_panels, NumPanels(problem.n));
  }
  plan.block_rows = BlockRows(settings.operands, problems);
  plan.block_panels = 1;
  plan.Number(problems);
  const int64_t tiles_wanted =
      std::min(threads * kTasksPerThread, static_cast<int64_t>(cost_ns / kTaskNsMin));
  // Threads that share a panel fetch it twice: rows are cut only where there are few panels.
  while (plan.first_tile.back() < std::min(tiles_wanted, threads * kPanelsPerThread) &&
         plan.block_rows > BlockRowsMin()) {
    plan.block_rows = std::max(BlockRowsMin(), RoundUp(plan.block_rows / 2, GemmTable().row_unit));
    plan.Number(problems);
  }
  while (plan.first_tile.back() > 2 * tiles_wanted && plan.block_panels < most_panels) {
    plan.block_panels *= 2;
    plan.Number(problems);
  }
}

// Of A, which neighbours may share.
int64_t NumElements(std::span<const GemmProblem> problems) {
  int64_t elements = 0;
  for (size_t i = 0; i < problems.size(); ++i) {
    if (i > 0 && HaveSameA(problems[i - 1], problems[i])) continue;
    elements += problems[i].m * problems[i].k;
  }
  return elements;
}

// Rows [begin, end) of A in float32 to their place in `to`, without gaps.
void WidenRows(const GemmProblem& problem, int64_t begin, int64_t end, float* to) {
  const Bf16* from = static_cast<const Bf16*>(problem.a);
  for (int64_t row = begin; row < end; ++row) {
    Convert().to_float(from + row * problem.a_stride, to + row * problem.k, problem.k);
  }
}

GemmProblem WithA(GemmProblem problem, const float* a) {
  problem.a = a;
  problem.a_stride = problem.k;
  return problem;
}

// The problems with A in float32, in memory that lasts until this thread's next call.
std::span<const GemmProblem> Widen(std::span<const GemmProblem> problems) {
  thread_local AlignedBuffer buffer;
  thread_local std::vector<GemmProblem> widened;
  float* to = static_cast<float*>(buffer.Reserve(NumElements(problems) * int64_t{sizeof(float)}));
  widened.clear();
  for (size_t i = 0; i < problems.size(); ++i) {
    const GemmProblem& problem = problems[i];
    if (i > 0 && HaveSameA(problems[i - 1], problem)) {
      widened.push_back(WithA(problem, static_cast<const float*>(widened.back().a)));
      continue;
    }
    ParallelFor(problem.m, DivideUp(1 << 14, problem.k),
                [&](int64_t begin, int64_t end) { WidenRows(problem, begin, end, to); });
    widened.push_back(WithA(problem, to));
    to += problem.m * problem.k;
  }
  return widened;
}

// The problems as one thread computes them, `wide`: with A in float32, of which it makes its own
// copy when it comes to one. Of small matrices that takes less time than to share what another core
// has just written. Tiles are handed out in order, so that no thread comes back to a problem.
class OwnProblems {
 public:
  OwnProblems(std::span<const GemmProblem> problems, bool wide)
      : problems_(problems), wide_(wide) {}

  const GemmProblem& operator[](size_t index) {
    if (!wide_) return problems_[index];
    if (index == index_) return own_;
    const GemmProblem& problem = problems_[index];
    if (index_ == kNone || !HaveSameA(problems_[index_], problem)) {
      thread_local AlignedBuffer buffer;
      copy_ = static_cast<float*>(buffer.Reserve(problem.m * problem.k * int64_t{sizeof(float)}));
      WidenRows(problem, 0, problem.m, copy_);
    }
    index_ = index;
    own_ = WithA(problem, copy_);
    return own_;
  }

 private:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  std::span<const GemmProblem> problems_;
  bool wide_;
  size_t index_ = kNone;
  float* copy_ = nullptr;
  GemmProblem own_;
};

using TileFunction = void (*)(const GemmTile& tile);

const void* PanelOf(const GemmSettings& settings, const GemmProblem& problem, int64_t panel) {
  return static_cast<const char*>(problem.packed_b) +
         panel * PanelBytes(settings.operands, problem.k);
}

// Memory of the calling thread for one widened panel, where the kernel widens at all and the panel
// stays in the second-level cache.
float* PanelRoom(const GemmSettings& settings, int64_t k) {
  constexpr int64_t kPanelBytesMax = 1 << 20;
  if (settings.operands == Element::kFloat || GemmTable().bf16_pairs) return nullptr;
  const int64_t bytes = k * GemmTable().panel_columns * int64_t{sizeof(float)};
  if (bytes > kPanelBytesMax) return nullptr;
  thread_local AlignedBuffer room;
  return static_cast<float*>(room.Reserve(bytes));
}

void RunRows(TileFunction run, const GemmSettings& settings, int64_t row_begin, int64_t row_end,
             GemmTile tile) {
  const GemmProblem& problem = tile.problem;
  const bool wide_a = settings.operands == Element::kFloat || !GemmTable().bf16_pairs;
  tile.settings = &settings;
  tile.panel_room = PanelRoom(settings, problem.k);
  tile.problem.a =
      static_cast<const char*>(problem.a) + row_begin * problem.a_stride * (wide_a ? 4 : 2);
  tile.problem.c =
      static_cast<char*>(problem.c) + row_begin * problem.c_stride * SizeOf(settings.output);
  tile.problem.m = row_end - row_begin;
  run(tile);
}

// Where in the problems tile `index` of the plan lies.
struct Place {
  size_t problem = 0;
  int64_t row_block = 0;
  int64_t panel = 0;

  Place(std::span<const GemmProblem> problems, const Plan& plan, int64_t index) {
    const auto after = std::upper_bound(plan.first_tile.begin(), plan.first_tile.end(), index);
    problem = static_cast<size_t>(after - plan.first_tile.begin()) - 1;
    const int64_t tile = index - plan.first_tile[problem];
    const int64_t row_blocks = plan.RowBlocks(problems[problem]);
    row_block = tile % row_blocks;
    panel = tile / row_blocks * plan.block_panels;
  }
};

// One call of Gemm, as its threads see it.
struct Call {
  TileFunction run = nullptr;
  const GemmSettings& settings;
  std::span<const GemmProblem> problems;
  bool wide = false;  // each thread makes its own float32 copies
};

// `step`: tiles from this one to the thread's next.
void RunTile(const Call& call, const Plan& plan, int64_t index, int64_t step,
             OwnProblems& own_problems) {
  const Place place(call.problems, plan, index);
  const GemmProblem& problem = own_problems[place.problem];
  const int64_t rows = plan.RowsOf(problem), row = std::min(problem.m, place.row_block * rows);
  GemmTile tile{.problem = problem,
                .panel_begin = place.panel,
                .panel_end = std::min(NumPanels(problem.n), place.panel + plan.block_panels)};
  if (index + step < plan.first_tile.back()) {
    const Place next(call.problems, plan, index + step);
    tile.next_panel = PanelOf(call.settings, call.problems[next.problem], next.panel);
  } else if (call.settings.next_b != nullptr) {
    const int64_t tiles_ahead = index + step - plan.first_tile.back();
    tile.next_panel = static_cast<const char*>(call.settings.next_b) +
                      tiles_ahead * PanelBytes(call.settings.operands, problem.k);
  }
  RunRows(call.run, call.settings, row, std::min(problem.m, row + rows), tile);
}

void RunSerially(const Call& call) {
  const int64_t block_rows = BlockRows(call.settings.operands, call.problems);
  OwnProblems own_problems(call.problems, call.wide);
  for (size_t i = 0; i < call.problems.size(); ++i) {
    const GemmProblem& problem = own_problems[i];
    for (int64_t row = 0; row < problem.m; row += block_rows) {
      RunRows(call.run, call.settings, row, std::min(problem.m, row + block_rows),
              {.problem = problem, .panel_begin = 0, .panel_end = NumPanels(problem.n)});
    }
  }
}

void RunOnAllThreads(const Call& call, const Plan& plan) {
  const int64_t num_tiles = plan.first_tile.back(), threads = ComputePool().num_threads();
  std::atomic<int64_t> next = 0;  // tile not handed out
  ParallelFor(threads, 1, [&](int64_t, int64_t) {
    OwnProblems own_problems(call.problems, call.wide);
    for (int64_t tile; (tile = next.fetch_add(1, std::memory_order_relaxed)) < num_tiles;) {
      RunTile(call, plan, tile, threads, own_problems);
    }
  });
}

}  // namespace

int64_t NumPanels(int64_t n) {
  return DivideUp(n, GemmTable().panel_columns);
}

int64_t PackedBytes(Element element, int64_t k, int64_t n) {
  return NumPanels(n) * PanelBytes(element, k);
}

void PackPanels(Element element, const MatrixView& view, int64_t begin, int64_t end, void* packed) {
  const auto pack = element == Element::kFloat ? GemmTable().pack_float : GemmTable().pack_bf16;
  const int64_t bytes = PanelBytes(element, view.k);
  for (int64_t panel = begin; panel < end; ++panel) {
    pack(view, panel, static_cast<char*>(packed) + panel * bytes);
  }
}

void Pack(Element element, const MatrixView& view, void* packed) {
  ParallelFor(NumPanels(view.n), DivideUp(1 << 14, std::max<int64_t>(view.k, 1)),
              [&](int64_t begin, int64_t end) { PackPanels(element, view, begin, end, packed); });
}

void Gemm(const GemmSettings& settings, std::span<const GemmProblem> problems) {
  const GemmKernels& kernels = GemmTable();
  const bool bf16 = settings.operands == Element::kBf16;
  const bool widens = settings.widen_a || (bf16 && !kernels.bf16_pairs);
  Call call{.run = bf16 ? kernels.bf16_tile : kernels.float_tile,
            .settings = settings,
            .problems = problems};
  if (widens) {
    call.wide = NumElements(problems) * ComputePool().num_threads() <= kOwnElementsMax;
    if (!call.wide) call.problems = Widen(problems);
  }
  double cost_ns = 0;
  for (const GemmProblem& problem : problems) {
    if (problem.m > 0) cost_ns += CostNs(settings.operands, problem.m, problem.k, problem.n);
  }
  if (cost_ns < kSerialNs || ComputePool().num_threads() == 1) {
    RunSerially(call);
    return;
  }
  thread_local Plan plan;
  MakePlan(settings, call.problems, cost_ns, plan);
  RunOnAllThreads(call, plan);
}

}  // namespace rationale::ops::cpu
