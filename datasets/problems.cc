#include "datasets/problems.h"

#include <algorithm>
#include <set>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/philox.h"
#include "datasets/problem_files.h"

namespace rationale {
namespace {

template <class T>
T FromGenerator(const Generator& generator, Split split, uint64_t index) {
  if constexpr (std::is_same_v<T, Problem>) {
    return generator.MakeProblem(split, index);
  } else {
    return generator.Demonstrate(split, index);
  }
}

Problem& ProblemOf(Problem& problem) {
  return problem;
}
Problem& ProblemOf(Demonstration& demonstration) {
  return demonstration.problem;
}

// Makes a problem one of a mixture's part: its id unique in the mixture, its part known to rewards.
template <class T>
T OfPart(T item, const std::string& part) {
  if (part.empty()) return item;
  Problem& problem = ProblemOf(item);
  problem.id = part + "/" + problem.id;
  problem.fields["data_source"] = part;
  return item;
}

// The parts of a mixture that have a share in the split, or the configuration as the only part,
// without a name.
std::vector<MixPart> PartsOf(const DataConfig& config, Split split) {
  if (config.mix.empty()) return {{.name = "", .weight = 1, .data = config}};
  std::vector<MixPart> parts;
  for (const MixPart& part : config.mix) {
    const bool trained_on_only = part.data.held_out == 0 && part.data.held_out_files.empty();
    if (split != Split::kHeldOut || !trained_on_only) parts.push_back(part);
  }
  if (parts.empty()) {
    throw Error(
        "data.mix: no part holds problems out; give one held_out above 0, or held_out_files");
  }
  return parts;
}

template <class T>
std::vector<T> LoadPart(const DataConfig& user_config, Split split, uint64_t run_seed) {
  std::vector<T> items;
  if (const auto generator = ConfiguredGenerator(user_config, split, run_seed)) {
    const size_t limit = user_config.LimitOf(split);
    if (limit == 0) {
      throw Error("{}: found 0, which means all; the generator {} has no end: say how many",
                  split == Split::kHeldOut ? "data.held_out_limit" : "data.limit",
                  user_config.generator);
    }
    for (size_t i = 0; i < limit; ++i) items.push_back(FromGenerator<T>(*generator, split, i));
    return items;
  }
  const DataConfig config = ResolveDataset(user_config);
  if (config.files.empty()) {
    throw Error("data: found none of files, dataset, generator, mix; allowed: one of them");
  }
  constexpr bool kCompletions = std::is_same_v<T, Demonstration>;
  for (Demonstration& demonstration : LoadFiles(config, split, kCompletions)) {
    if constexpr (kCompletions) {
      items.push_back(std::move(demonstration));
    } else {
      items.push_back(std::move(demonstration.problem));
    }
  }
  return items;
}

template <class T>
std::vector<T> Load(const DataConfig& config, Split split, uint64_t run_seed) {
  std::vector<T> items;
  for (const MixPart& part : PartsOf(config, split)) {
    for (T& item : LoadPart<T>(part.data, split, run_seed)) {
      items.push_back(OfPart(std::move(item), part.name));
    }
  }
  const size_t limit = config.LimitOf(split);
  if (config.mix.empty() || limit == 0 || items.size() <= limit) return items;
  std::vector<T> spread;  // of all parts, in proportion to their sizes
  for (size_t i = 0; i < limit; ++i) spread.push_back(std::move(items[i * items.size() / limit]));
  return spread;
}

}  // namespace

size_t DataConfig::LimitOf(Split split) const {
  return static_cast<size_t>(split == Split::kHeldOut ? held_out_limit : limit);
}

void DataConfig::Validate(const ConfigCheck& check) const {
  const bool from_files = !files.empty() || !dataset.empty();
  check(from_files || !generator.empty() || !mix.empty(), "files",
        "is needed, or dataset, or generator, or mix");
  check(!from_files || generator.empty(), "generator", "excludes files and dataset");
  check(mix.empty() || (!from_files && generator.empty()), "mix",
        "excludes files, dataset and generator: they belong in its parts");
  check(held_out_files.empty() || from_files, "held_out_files", "needs files");
  if (!mix.empty()) {
    DataConfig rest = *this, defaults;
    rest.mix.clear();
    rest.limit = rest.held_out_limit = 0;
    check(ConfigToml(rest) == ConfigToml(defaults), "mix",
          "leaves no other key than limit and held_out_limit beside it: they belong in its parts");
  }
  std::set<std::string> names;
  for (const MixPart& part : mix) {
    check(!part.name.empty() && names.insert(part.name).second, "mix",
          "has a part without a name, or two of one name");
    check(part.data.mix.empty(), "mix", "has a mix as one of its parts");
  }
}

std::vector<Problem> LoadProblems(const DataConfig& config, Split split, uint64_t run_seed) {
  return Load<Problem>(config, split, run_seed);
}

std::vector<Demonstration> LoadDemonstrations(const DataConfig& config, Split split,
                                              uint64_t run_seed) {
  return Load<Demonstration>(config, split, run_seed);
}

std::unique_ptr<Generator> ConfiguredGenerator(const DataConfig& config, Split split,
                                               uint64_t run_seed) {
  if (config.generator.empty()) return nullptr;
  const uint64_t seed =
      split == Split::kHeldOut ? config.seed : DeriveKey({config.seed, KeyPart("run"), run_seed});
  return MakeGenerator(config.generator, config.options,
                       {.seed = seed, .split = config.split_rule()});
}

template <class T>
DataStream<T>::DataStream(const DataConfig& config, Split split, uint64_t run_seed)
    : split_(split) {
  for (const MixPart& part : PartsOf(config, split)) {
    Source source{.name = part.name, .weight = static_cast<uint64_t>(part.weight)};
    Check{source.weight > 0, "a part of weight ", part.weight};
    if (!part.data.generator.empty() && part.data.LimitOf(split) == 0) {
      source.generator = ConfiguredGenerator(part.data, split, run_seed);
    } else {
      source.items = LoadPart<T>(part.data, split, run_seed);
      source.order.emplace(
          DeriveKey({part.data.seed, KeyPart("stream"), KeyPart(part.name), run_seed}),
          source.items.size());
    }
    sources_.push_back(std::move(source));
  }
  PlanPeriod();
}

// Smooth weighted round robin: every slot goes to the source that is furthest behind its share.
template <class T>
void DataStream<T>::PlanPeriod() {
  uint64_t length = 0;
  for (const Source& source : sources_) length += source.weight;
  std::vector<uint64_t> taken(sources_.size(), 0);
  for (uint64_t i = 0; i < length; ++i) {
    const auto behind = [&](size_t s) {
      return static_cast<int64_t>(sources_[s].weight * (i + 1)) -
             static_cast<int64_t>(length * taken[s]);
    };
    size_t next = 0;
    for (size_t s = 1; s < sources_.size(); ++s) {
      if (behind(s) > behind(next)) next = s;
    }
    period_.push_back({next, taken[next]++});
  }
}

template <class T>
T DataStream<T>::At(uint64_t cursor) {
  const Slot& slot = period_[cursor % period_.size()];
  Source& source = sources_[slot.source];
  const uint64_t own_cursor = cursor / period_.size() * source.weight + slot.rank;
  return OfPart(source.order ? source.items[source.order->At(own_cursor)]
                             : FromGenerator<T>(*source.generator, split_, own_cursor),
                source.name);
}

template <class T>
uint64_t DataStream<T>::size() const {
  uint64_t size = 0;
  for (const Source& source : sources_) {
    if (source.generator != nullptr) return 0;
    size += source.items.size();
  }
  return size;
}

template class DataStream<Problem>;
template class DataStream<Demonstration>;

}  // namespace rationale
