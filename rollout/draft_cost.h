// DraftCost: which guesses are worth their rows.
//
// A step of r rows takes about a + b r seconds: f = a / b is its fixed cost in rows. A guess that
// is right costs nothing, as its row would have come later, and saves a sequence a step; a wrong
// one costs a row. Of n sequences only the last to end makes the steps, and each may be it; and it
// is the greatest of n numbers of steps that has to fall, which lags behind their mean. So a guess
// that is right with chance c is taken to save c f / (2 n - 1) rows, and pays where
//   c f / (2 n - 1) > 1 - c,  that is  c > (2 n - 1) / (2 n - 1 + f).
// For one sequence that is nearly every guess, for many almost none; the last sequences of a batch
// get theirs without being asked for.
//
// a and b are those of the machine and the model: a least-squares line through the times of late
// steps, each weighing a hundredth less than the one after it. Where all steps have about as many
// rows, so that no line can be seen, f is kFixedRowsPrior. Which rows a step has depends on time
// for that reason; what it draws does not.

#pragma once

#include <cstdint>

namespace rationale {

class DraftCost {
 public:
  // Measured on two cores of a Sapphire Rapids Xeon with SmolLM2-135M: 4 (64 sequences) to 8 (one).
  static constexpr double kFixedRowsPrior = 6;

  // A step of `num_rows` rows took this long.
  void Observe(int64_t num_rows, double seconds);

  // f above: what a step costs beside its rows, in rows; 0 or more.
  double FixedRows() const;

 private:
  double Slope() const;

  // Sums over the steps, of weights, rows x, seconds y.
  double num_ = 0, x_ = 0, y_ = 0, xx_ = 0, xy_ = 0;
};

// The chance above which a guess pays in a step of `num_sequences` sequences, one at least.
double DraftFloor(int64_t num_sequences, double fixed_rows);

}  // namespace rationale
