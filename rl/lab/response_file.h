// Responses: rows of a data file as what a rubric judges, by the rubric's [fields].
//
// Files of any kind that datasets/readers/rows.h opens, the trainer's own rollouts (rl/record)
// among them. The response and the problem may be chats, [{"role", "content"}, ..] (fields.h's
// transcripts): the last message is the response and must be the assistant's, tools' answers aside.
// Beside the columns that [fields] names these are read where a row has them:
//   id or problem_id               the problem's id
//   num_tokens or response_tokens  a count, or a list whose length counts
//   max_tokens                     the limit the response was generated under
//   truncated or finish            true, or "length": the response ran into the limit
//   step                           the training step
//   problem_columns                JSON: the problem's own columns, as the trainer writes them

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/problem.h"
#include "datasets/readers/rows.h"
#include "rewards/reward.h"
#include "rewards/rubric.h"

namespace rationale {

// One response to judge, with what summaries sort it by.
struct ScoredRow {
  std::string where;  // "answers.jsonl:17"
  std::string file;   // "answers.jsonl"
  Problem problem;
  std::string text;
  int64_t num_characters = 0;  // of text: code points
  int64_t num_tokens = 0;
  int64_t max_tokens = 0;
  int64_t step = 0;
  bool truncated = false;
  std::string source;  // empty: not known
  std::string group;   // equal for the responses to one problem; empty: not known

  Response response() const;
};

// Turns rows into responses. Immutable and thread-safe.
class ResponseColumns {
 public:
  explicit ResponseColumns(const RubricFields& fields) : fields_(fields) {}

  // Throws Error naming the row for a column that [fields] names and the row lacks, a response that
  // is absent or null, and a value of a wrong type. A reference or language that is null is empty:
  // what needs it cannot judge.
  ScoredRow Read(const Row& row) const;

 private:
  RubricFields fields_;
};

// The rows of several files, one after the other.
class ResponseFiles {
 public:
  // `paths`: as datasets/paths.h's ExpandPaths takes them. Throws Error for one that is not there.
  explicit ResponseFiles(const std::vector<std::string>& paths);

  // Fills `row`, which ParseRow completes; false after the last one. Throws Error as RowReader
  // does.
  bool NextUnparsed(Row& row);

  // About how many rows there are in all, judged by those read so far; 0: cannot be told.
  int64_t EstimatedRows() const;

 private:
  std::vector<std::string> paths_;
  std::vector<double> bytes_;  // of each file
  bool sizes_known_ = true;
  double all_bytes_ = 0;
  double bytes_before_ = 0;  // of the files before the one being read
  std::unique_ptr<RowReader> reader_;
  size_t next_ = 0;  // the file to open next
  int64_t rows_read_ = 0;
};

}  // namespace rationale
