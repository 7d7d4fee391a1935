// rationale_rewards._core: rubrics and rewards for Python; __init__.py makes them convenient.

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/in_order.h"
#include "rewards/registry.h"
#include "rewards/rubric.h"

namespace rationale {
namespace {

namespace py = pybind11;

// One response as Python gives it.
struct Item {
  Problem problem;
  std::string text;
  int64_t num_tokens = 0, max_tokens = 0, step = 0;
  bool truncated = false;

  Response response() const {
    return {.text = text,
            .problem = &problem,
            .num_tokens = num_tokens,
            .max_tokens = max_tokens,
            .truncated = truncated,
            .step = step};
  }
};

Item ItemOf(const py::dict& row) {
  Item item;
  const auto text = [&row](const char* key) -> std::string {
    return row.contains(key) && !row[key].is_none() ? row[key].cast<std::string>() : "";
  };
  const auto number = [&row](const char* key) -> int64_t {
    return row.contains(key) && !row[key].is_none() ? row[key].cast<int64_t>() : 0;
  };
  item.text = text("response");
  item.problem.prompt = text("problem");
  item.problem.reference = text("reference");
  item.problem.language = text("language");
  item.problem.id = text("id");
  if (row.contains("fields")) {
    item.problem.fields = row["fields"].cast<std::map<std::string, std::string>>();
  }
  item.num_tokens = number("num_tokens");
  item.max_tokens = number("max_tokens");
  item.step = number("step");
  item.truncated = number("truncated") != 0;
  return item;
}

// What compares the responses to a problem: those with the same text of a problem.
void JudgeGroups(const Rubric& rubric, const std::vector<Item>& items,
                 std::vector<Verdict>& verdicts) {
  std::map<std::string_view, std::pair<std::vector<Response>, std::vector<Verdict*>>> groups;
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].problem.prompt.empty()) continue;
    auto& [responses, of_group] = groups[items[i].problem.prompt];
    responses.push_back(items[i].response());
    of_group.push_back(&verdicts[i]);
  }
  for (const auto& [problem, group] : groups) rubric.JudgeGroup(group.first, group.second);
}

// Judges all rows without Python's lock, on `threads` threads, in order.
std::vector<Verdict> Judge(const Rubric& rubric, const std::vector<py::dict>& rows, int threads) {
  std::vector<Item> items;
  for (const py::dict& row : rows) items.push_back(ItemOf(row));
  const py::gil_scoped_release released;
  std::vector<Verdict> verdicts(items.size());
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const int useful = static_cast<int>(std::min<size_t>(items.size(), 1024));
  size_t next = 0;
  WorkInOrder<size_t>(
      std::clamp(threads > 0 ? threads : cores, 1, std::max(useful, 1)), items.size() + 1,
      [&](size_t& index) { return (index = next++) < items.size(); },
      [&](const size_t& index) { verdicts[index] = rubric.Judge(items[index].response()); },
      [](const size_t&) {});
  if (rubric.NeedsGroup()) JudgeGroups(rubric, items, verdicts);
  return verdicts;
}

std::optional<double> ScoreOf(bool judged, double score) {
  return judged ? std::optional(score) : std::nullopt;
}

std::vector<std::string> RewardNames() {
  std::vector<std::string> names;
  for (const RewardEntry& entry : AllRewards()) names.emplace_back(entry.name);
  return names;
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Error& error) {
      PyErr_SetString(PyExc_ValueError, error.what());
    }
  });
  py::class_<Component>(module, "Component")
      .def_readonly("name", &Component::name)
      .def_readonly("judged", &Component::judged)
      .def_property_readonly("score", [](const Component& c) { return ScoreOf(c.judged, c.score); })
      .def_readonly("weight", &Component::weight)
      .def_property_readonly(
          "reason",
          [](const Component& c) {
            return py::reinterpret_steal<py::str>(PyUnicode_DecodeUTF8(
                c.reason.data(), static_cast<Py_ssize_t>(c.reason.size()), "replace"));
          })
      .def_property_readonly("answer", [](const Component& c) {
        return py::reinterpret_steal<py::str>(PyUnicode_DecodeUTF8(
            c.answer.data(), static_cast<Py_ssize_t>(c.answer.size()), "replace"));
      });
  py::class_<Verdict>(module, "Verdict")
      .def_readonly("judged", &Verdict::judged)
      .def_property_readonly("score", [](const Verdict& v) { return ScoreOf(v.judged, v.score); })
      .def_readonly("components", &Verdict::components);
  py::class_<Rubric>(module, "Rubric")
      .def(py::init(&Rubric::FromText), py::arg("toml"), py::arg("source"))
      .def_property_readonly("component_names", &Rubric::component_names)
      .def("judge", &Judge, py::arg("rows"), py::arg("threads") = 0);
  module.def("reward_names", &RewardNames);
}

}  // namespace rationale
