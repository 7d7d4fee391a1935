// Problems and demonstrations from whatever a DataConfig names.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "datasets/data_config.h"
#include "datasets/order.h"
#include "datasets/problem.h"
#include "datasets/split.h"

namespace rationale {

// The problems of one side of the split, in the files' order.
//
// Sides: with held_out_files, kHeldOut is those files and kTrain is `files` without what they hold;
// else a hash of each problem's content decides (SplitRule), so equal prompts are on one side. kAll
// is `files`, undivided. A generator's problems are numbers 0 .. limit-1 of its stream. A mixture
// is its parts one after another, each with its own split; their ids begin with "<part>/", and
// fields["data_source"] is the part's name.
//
// References: numbers are written plainly (43.0 is "43"), a list's elements are joined by ", ".
// Problem::fields keeps every column that is not null. Ids are those of data.fields.id, which must
// differ, or name file and row.
//
// Throws Error naming file and line, and the row's columns, for a row without a needed field; for a
// null, empty or ill-typed one; for two rows of one id; for no problem at all; and for a generator
// without a limit.
std::vector<Problem> LoadProblems(const DataConfig& config, Split split, uint64_t run_seed = 0);

// The same, with completions: data.fields.completion, or messages that end with the assistant's.
std::vector<Demonstration> LoadDemonstrations(const DataConfig& config, Split split,
                                              uint64_t run_seed = 0);

// The generator that the configuration names, or null.
std::unique_ptr<Generator> ConfiguredGenerator(const DataConfig& config, Split split,
                                               uint64_t run_seed = 0);

// An endless walk over one side's problems (T = Problem) or demonstrations (T = Demonstration):
// At(cursor) is a function of the configuration, the seed and the cursor, so the cursor is all that
// a checkpoint needs. Finite sets are walked epoch by epoch, each in its own order (ProblemOrder);
// a generator without a limit gives number `cursor` of its stream.
//
// A mixture's parts take turns by their weights: in every sum(weights) cursors a part of weight w
// is met w times, evenly spread, and goes on in its own walk where it was. So a small part is
// repeated sooner than a large one. Not thread-safe.
template <class T>
class DataStream {
 public:
  // Throws Error as LoadProblems does.
  DataStream(const DataConfig& config, Split split, uint64_t run_seed);

  T At(uint64_t cursor);
  uint64_t size() const;  // items in all; 0: no end

 private:
  struct Source {
    std::string name = {};
    uint64_t weight = 1;
    std::vector<T> items = {};
    std::optional<ProblemOrder> order = {};
    std::unique_ptr<Generator> generator = {};  // instead of items
  };
  struct Slot {
    size_t source;
    uint64_t rank;  // among the source's slots of the period
  };

  void PlanPeriod();

  Split split_;
  std::vector<Source> sources_;
  std::vector<Slot> period_;
};

using ProblemStream = DataStream<Problem>;
using DemonstrationStream = DataStream<Demonstration>;

}  // namespace rationale
