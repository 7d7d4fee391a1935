// Values: see values.h.

#include "rewards/json_schema/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/json.h"

namespace rationale {
namespace {

using Value = rapidjson::Value;
__extension__ using Wide = unsigned __int128;

// |value| = digits 10^exponent
struct Decimal {
  uint64_t digits = 0;
  int exponent = 0;
};

Decimal DecimalOf(const Value& value) {
  if (value.IsUint64()) return {.digits = value.GetUint64()};
  if (value.IsInt64()) return {.digits = uint64_t{0} - static_cast<uint64_t>(value.GetInt64())};
  char text[32];  // d.ddde+xxx, at most 17 digits
  const char* end = std::to_chars(text, text + sizeof(text), std::abs(value.GetDouble()),
                                  std::chars_format::scientific)
                        .ptr;
  Decimal decimal;
  const char* at = text;
  bool fraction = false;
  for (; *at != 'e'; ++at) {
    if (*at == '.') {
      fraction = true;
      continue;
    }
    decimal.digits = decimal.digits * 10 + static_cast<uint64_t>(*at - '0');
    decimal.exponent -= fraction ? 1 : 0;
  }
  ++at;
  if (*at == '+') ++at;
  int exponent = 0;
  std::from_chars(at, end, exponent);
  decimal.exponent += exponent;
  return decimal;
}

// 64 bits of mantissa hold every int64, uint64 and double.
long double Real(const Value& value) {
  if (value.IsUint64()) return static_cast<long double>(value.GetUint64());
  if (value.IsInt64()) return static_cast<long double>(value.GetInt64());
  return static_cast<long double>(value.GetDouble());
}

void AppendCanonical(const Value& value, int64_t& steps, std::string& text) {
  const size_t before = text.size();
  if (--steps < 0) return;
  if (value.IsArray()) {
    text += '[';
    for (const Value& element : value.GetArray()) {
      AppendCanonical(element, steps, text);
      text += ',';
    }
    text += ']';
    return;
  }
  if (value.IsObject()) {
    std::vector<std::string> members;
    for (const auto& member : value.GetObject()) {
      std::string& written = members.emplace_back(JsonText(member.name) + ':');
      AppendCanonical(member.value, steps, written);
    }
    std::sort(members.begin(), members.end());
    text += '{';
    for (const std::string& member : members) text += member + ',';
    text += '}';
  } else if (value.IsNumber()) {
    Decimal decimal = DecimalOf(value);
    while (decimal.digits != 0 && decimal.digits % 10 == 0) {
      decimal.digits /= 10;
      ++decimal.exponent;
    }
    if (Real(value) < 0) text += '-';
    text += std::to_string(decimal.digits);
    if (decimal.digits != 0) text += 'e' + std::to_string(decimal.exponent);
  } else {
    text += JsonText(value);
  }
  constexpr size_t kCharactersAStep = 16;
  steps -= static_cast<int64_t>((text.size() - before) / kCharactersAStep);
}

}  // namespace

bool IsInteger(const Value& value) {
  if (value.IsInt64() || value.IsUint64()) return true;
  return value.IsDouble() && std::trunc(value.GetDouble()) == value.GetDouble();
}

int CompareNumbers(const Value& a, const Value& b) {
  const long double x = Real(a);
  const long double y = Real(b);
  return x < y ? -1 : (x > y ? 1 : 0);
}

bool IsMultiple(const Value& value, const Value& divisor) {
  const Decimal a = DecimalOf(value);
  const Decimal b = DecimalOf(divisor);
  if (a.digits == 0) return true;
  // a 10^shift has to be a multiple of b, both whole.
  int shift = a.exponent - b.exponent;
  if (shift >= 0) {
    Wide rest = a.digits % b.digits;
    for (; shift > 0 && rest != 0; --shift) rest = rest * 10 % b.digits;
    return rest == 0;
  }
  Wide scaled = b.digits;
  for (; shift < 0 && scaled <= a.digits; ++shift) scaled *= 10;  // above it: no multiple
  return a.digits % scaled == 0;
}

std::string Canonical(const Value& value, int64_t& steps) {
  std::string text;
  AppendCanonical(value, steps, text);
  return steps < 0 ? std::string() : text;
}

}  // namespace rationale
