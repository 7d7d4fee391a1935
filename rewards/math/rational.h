// Rational: an exact fraction, FLINT's fmpq as a value type.

#pragma once

#include <flint/fmpq.h>

#include <string>
#include <string_view>

namespace rationale {

class Rational {
 public:
  Rational() { fmpq_init(value_); }
  explicit Rational(slong numerator, ulong denominator = 1) : Rational() {
    fmpq_set_si(value_, numerator, denominator);
  }
  Rational(const Rational& other) : Rational() { fmpq_set(value_, other.value_); }
  Rational(Rational&& other) noexcept : Rational() { fmpq_swap(value_, other.value_); }
  Rational& operator=(const Rational& other) {
    fmpq_set(value_, other.value_);
    return *this;
  }
  Rational& operator=(Rational&& other) noexcept {
    fmpq_swap(value_, other.value_);
    return *this;
  }
  ~Rational() { fmpq_clear(value_); }

  // FLINT's own view, for its functions.
  fmpq* get() { return value_; }
  const fmpq* get() const { return value_; }

  bool operator==(const Rational& other) const { return fmpq_equal(value_, other.value_) != 0; }

  // digits * 10^exponent. `digits`: ASCII digits only, one at least; |exponent| at most 10,000 by
  // the caller's care.
  static Rational FromDecimal(std::string_view digits, slong exponent);

  std::string ToString() const;  // "-3/4", "12"

 private:
  fmpq_t value_;
};

}  // namespace rationale
