// Rational: see rational.h.

#include "rewards/math/rational.h"

#include <flint/flint.h>

namespace rationale {

Rational Rational::FromDecimal(std::string_view digits, slong exponent) {
  Rational result;
  fmpz_set_str(fmpq_numref(result.value_), std::string(digits).c_str(), 10);
  fmpz_t power;
  fmpz_init(power);
  fmpz_set_ui(power, 10);
  fmpz_pow_ui(power, power, static_cast<ulong>(exponent < 0 ? -exponent : exponent));
  if (exponent < 0) {
    fmpq_div_fmpz(result.value_, result.value_, power);
  } else {
    fmpq_mul_fmpz(result.value_, result.value_, power);
  }
  fmpz_clear(power);
  return result;
}

std::string Rational::ToString() const {
  char* text = fmpq_get_str(nullptr, 10, value_);
  std::string result = text;
  flint_free(text);
  return result;
}

}  // namespace rationale
