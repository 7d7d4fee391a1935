// Compare: see compare.h.

#include "rewards/math/compare.h"

#include <flint/flint.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include "rewards/math/canonical.h"
#include "rewards/math/compare_nodes.h"
#include "rewards/math/parameters.h"
#include "rewards/math/parser.h"
#include "rewards/math/text_answer.h"
#include "rewards/math/time_or_date.h"
#include "rewards/math/units.h"
#include "rewards/sections.h"

namespace rationale {
namespace {

constexpr int64_t kWorkSteps = 400'000;
constexpr size_t kMaxAnswerBytes = 20'000;

// "cm", "s^-2": how a factor that was read as a variable is written as a unit; empty if it is none.
std::string AsUnit(const Expressions& expressions, NodeId factor) {
  std::string exponent;
  if (expressions[factor].op == Op::kPower) {
    NodeId power = expressions.Child(factor, 1);
    const bool negative = expressions[power].op == Op::kNegate;
    if (negative) power = expressions.Child(power);
    if (expressions[power].op != Op::kNumber) return "";
    exponent = (negative ? "^-" : "^") + expressions.Value(power).ToString();
    factor = expressions.Child(factor, 0);
  }
  const bool letter =
      expressions[factor].op == Op::kSymbol && IsKnownUnit(expressions.Name(factor));
  return letter ? expressions.Name(factor) + exponent : "";
}

// Letters behind a number, read as variables, are a unit beside an answer that has one: "1500 m"
// beside "1.5 km", "9.8 m s^{-2}" beside "9.8 m/s^2".
void SplitLetterUnit(Expressions& expressions, ParsedAnswer& answer, NodeId& node) {
  if (!answer.unit.empty()) return;
  std::string below;
  NodeId product = node;
  if (expressions[node].op == Op::kDivide) {
    below = AsUnit(expressions, expressions.Child(node, 1));
    if (below.empty()) return;
    product = expressions.Child(node, 0);
  }
  if (expressions[product].op != Op::kMultiply) return;
  const auto children = expressions.Children(product);
  std::vector<NodeId> factors(children.begin(), children.end());
  std::string unit;
  while (factors.size() > 1) {
    const std::string last = AsUnit(expressions, factors.back());
    if (last.empty()) break;
    unit = last + (unit.empty() ? "" : " ") + unit;
    factors.pop_back();
  }
  if (unit.empty()) return;
  answer.unit = unit + (below.empty() ? "" : "/" + below);
  node = factors.size() == 1 ? factors[0] : expressions.Make(Op::kMultiply, factors);
}

// Multiplies each side by its unit where both are known. False: they measure different things.
bool ConvertUnits(ParsedAnswer& a, ParsedAnswer& b, Expressions& expressions, NodeId& node_a,
                  NodeId& node_b) {
  if (ReadUnit(a.unit)) SplitLetterUnit(expressions, b, node_b);
  if (ReadUnit(b.unit)) SplitLetterUnit(expressions, a, node_a);
  if (a.unit.empty() || b.unit.empty() || a.unit == b.unit) return true;
  const auto unit_a = ReadUnit(a.unit);
  const auto unit_b = ReadUnit(b.unit);
  if (!unit_a || !unit_b) return true;
  if (unit_a->dimension != unit_b->dimension) return false;
  if (unit_a->factor == unit_b->factor) return true;
  node_a = expressions.Make(Op::kMultiply, {node_a, expressions.Number(unit_a->factor)});
  node_b = expressions.Make(Op::kMultiply, {node_b, expressions.Number(unit_b->factor)});
  return true;
}

// The answer with its variables named as the reference's, in the order they appear, if it has as
// many.
NodeId RenameVariables(Expressions& expressions, NodeId answer, NodeId reference) {
  const auto from = expressions.Symbols(answer);
  const auto to = expressions.Symbols(reference);
  if (from.size() != to.size()) return answer;
  for (size_t i = 0; i < from.size(); ++i) {
    answer = expressions.Substitute(answer, from[i],
                                    expressions.Symbol("\\renamed " + std::to_string(i)));
  }
  for (size_t i = 0; i < from.size(); ++i) {
    answer =
        expressions.Substitute(answer, "\\renamed " + std::to_string(i), expressions.Symbol(to[i]));
  }
  return answer;
}

// As values first, then how the value is written. A ± on one side alone is looked into: "2" may
// have been meant as ±2. `node_a` and `node_b` are canonical, `written_a` and `written_b` as
// parsed.
Comparison CompareWritten(Expressions& expressions, NodeId written_a, NodeId written_b,
                          NodeId node_a, NodeId node_b, const CompareOptions& options,
                          std::string_view parameter, Work& work) {
  const auto compare = [&](NodeId a, NodeId b) {
    return CompareNodes(expressions, a, b, options, parameter, work);
  };
  Comparison comparison = compare(node_a, node_b);
  const bool sign_a = HasPlusMinus(expressions, written_a);
  const bool sign_b = HasPlusMinus(expressions, written_b);
  if (comparison.same == Truth::kFalse && sign_a != sign_b) {
    NodeId& node = sign_a ? node_a : node_b;
    node = CanonicalOfUpperSigns(expressions, sign_a ? written_a : written_b);
    const Comparison upper = compare(node_a, node_b);
    if (upper.same != Truth::kTrue) return comparison;
    const bool accepted = options.plus_minus == PlusMinus::kIgnored ||
                          (sign_b && options.plus_minus == PlusMinus::kMayBeMissing);
    comparison = {ToTruth(accepted), sign_b ? "the same but for a missing ±"
                                            : "the same but for a ± that the reference has not"};
  }
  if (comparison.same != Truth::kTrue || options.simplified == Simplified::kNever)
    return comparison;
  const auto same = [&](NodeId a, NodeId b) { return compare(a, b).same == Truth::kTrue; };
  const Simplified refused = RefusedAt(expressions, node_a, node_b, same, work);
  if (refused == Simplified::kNever || refused > options.simplified) return comparison;
  return {Truth::kFalse, refused == Simplified::kArithmetic
                             ? "the same value, unsimplified: arithmetic is left undone"
                         : refused == Simplified::kLowestTerms
                             ? "the same value, unsimplified: not in lowest terms"
                             : "the same value, unsimplified: a root in a divisor"};
}

Comparison CompareParsed(std::string_view answer, std::string_view reference,
                         const CompareOptions& options) {
  Work work(kWorkSteps);
  using enum CommaReading;
  constexpr std::pair<CommaReading, CommaReading> kReadings[] = {{kThousands, kThousands},
                                                                 {kSeparator, kSeparator},
                                                                 {kDecimal, kThousands},
                                                                 {kThousands, kDecimal},
                                                                 {kDecimal, kDecimal}};
  Comparison verdict;  // of the first reading, unless another cannot be judged
  const bool noughts = HasNoughtsBehindComma(answer) || HasNoughtsBehindComma(reference);
  bool ambiguous = false;
  bool decimal_a = false;
  bool decimal_b = false;
  for (size_t i = 0; i < std::size(kReadings); ++i) {
    const auto [of_a, of_b] = kReadings[i];
    if (of_a == kSeparator && (!ambiguous || noughts)) continue;
    if ((of_a == kDecimal && !decimal_a) || (of_b == kDecimal && !decimal_b)) continue;
    Expressions expressions;
    ParsedAnswer a = ParseAnswer(answer, expressions, of_a);
    ParsedAnswer b = ParseAnswer(reference, expressions, of_b);
    if (i == 0) {
      ambiguous = a.ambiguous_comma || b.ambiguous_comma;
      decimal_a = a.decimal_comma;
      decimal_b = b.decimal_comma;
      if (a.too_long || b.too_long) verdict.rule = "too long or too deep to read";
    }
    if (a.root == kNoNode || b.root == kNoNode) {
      if (i == 0 && verdict.rule.empty())
        verdict = {Truth::kFalse, a.root == kNoNode ? "the answer is no mathematics"
                                                    : "the reference is no mathematics"};
      continue;
    }
    const std::string parameter = MatchParameters(expressions, a.root, b.root);
    NodeId node_a = Canonical(expressions, a.root);
    NodeId node_b = Canonical(expressions, b.root);
    Comparison comparison;
    if (!ConvertUnits(a, b, expressions, node_a, node_b) && options.match_units) {
      comparison = {Truth::kFalse, "units of different kinds"};
    } else {
      if (options.rename_variables) node_a = RenameVariables(expressions, node_a, node_b);
      comparison =
          CompareWritten(expressions, a.root, b.root, node_a, node_b, options, parameter, work);
    }
    if (work.exhausted()) {
      comparison = {Truth::kUnknown, "beyond the work that one comparison may take"};
    } else if (comparison.same == Truth::kUnknown && work.refused()) {
      comparison.rule += ", beyond the sizes or the precision that are worked out";
    } else if (comparison.same == Truth::kUnknown) {
      comparison = {Truth::kFalse, comparison.rule + ", one of which has no value that is known"};
    }
    if (comparison.same == Truth::kTrue) return comparison;
    if (i == 0 || comparison.same == Truth::kUnknown) verdict = comparison;
  }
  return verdict;
}

// FLINT and Arb keep pools of numbers and constants for each thread until they are told that it
// ends.
void FreeNumbersAtThreadEnd() {
  struct AtEnd {
    ~AtEnd() { flint_cleanup(); }
  };
  static thread_local const AtEnd at_end;
}

}  // namespace

Comparison CompareAnswers(std::string_view printed_answer, std::string_view printed_reference,
                          const CompareOptions& options) {
  const std::string unwrapped_answer = UnwrapPrintedList(printed_answer);
  const std::string unwrapped_reference = UnwrapPrintedList(printed_reference);
  const std::string_view answer = Trim(unwrapped_answer);
  const std::string_view reference = Trim(unwrapped_reference);
  if (answer == reference) return {Truth::kTrue, "the same text"};
  if (answer.empty()) return {Truth::kFalse, "the answer is empty"};
  if (answer.size() > kMaxAnswerBytes || reference.size() > kMaxAnswerBytes) {
    return {Truth::kUnknown, "too long to compare"};
  }
  if (const auto time = TimeOrDate(reference)) {
    if (const auto other = TimeOrDate(answer))
      return {ToTruth(*time == *other), "as times or dates"};
  }
  constexpr char kLastChoice = 'J';  // letters from there on are variables
  const auto choice = ChoiceLetter(reference);
  if (choice && *choice <= kLastChoice && reference != "e" && reference != "i") {
    if (const auto other = ChoiceLetter(answer))
      return {ToTruth(*choice == *other), "as letters of choices"};
  }
  if (SaysUndefined(answer) && SaysUndefined(reference)) return {Truth::kTrue, "undefined"};
  const bool none_a = SaysNoSolution(answer), none_b = SaysNoSolution(reference);
  if (none_a && none_b) return {Truth::kTrue, "no solution"};
  constexpr std::string_view kNone = "\\emptyset";
  FreeNumbersAtThreadEnd();
  Comparison comparison =
      CompareParsed(none_a ? kNone : answer, none_b ? kNone : reference, options);
  if (comparison.same == Truth::kTrue) return comparison;
  if (SameWords(answer, reference)) return {Truth::kTrue, "as words"};
  const std::string choices = ChoiceLetters(reference);
  if (!choices.empty() && choices == ChoiceLetters(answer))
    return {Truth::kTrue, "as letters of choices"};
  // "(E) 24" for "24", or the other way round.
  const std::string_view chosen = BehindChoice(answer);
  const std::string_view to_choose = BehindChoice(reference);
  if (chosen.empty() == to_choose.empty()) return comparison;
  const Comparison contents = CompareAnswers(chosen.empty() ? answer : chosen,
                                             chosen.empty() ? to_choose : reference, options);
  return contents.same == Truth::kTrue ? contents : comparison;
}

}  // namespace rationale
