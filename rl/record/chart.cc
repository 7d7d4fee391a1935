// Chart: layout in pixels, colours by CSS classes that follow the reader's colour scheme.

#include "rl/record/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>

#include "base/text_table.h"

namespace rationale {
namespace {

constexpr double kPanelWidth = 430, kPanelHeight = 250;
constexpr double kLeft = 52, kRight = 96, kTop = 38, kBottom = 40;
constexpr double kPlotWidth = kPanelWidth - kLeft - kRight,
                 kPlotHeight = kPanelHeight - kTop - kBottom;
constexpr double kLabelHeight = 14;
constexpr size_t kLabelColumns = 13;
constexpr size_t kDotsMax = 24;  // lines of so few points show them

// Distinct for colour-blind readers too (Okabe and Ito 2008, darkened where white pages want it);
// dark pages get the lighter ones.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kColours = {{
    {"#0069a8", "#58a6ff"},
    {"#c2410c", "#f0883e"},
    {"#04785a", "#3fb950"},
    {"#a3307e", "#db61a2"},
    {"#8a6d00", "#d8a900"},
    {"#57606a", "#9aa4ae"},
}};

std::string Style() {
  std::string light, dark;
  for (size_t i = 0; i < kColours.size(); ++i) {
    light += fmt::format(".s{0}{{stroke:{1}}}.t{0}{{fill:{1}}}", i, kColours[i].first);
    dark += fmt::format(".s{0}{{stroke:{1}}}.t{0}{{fill:{1}}}", i, kColours[i].second);
  }
  return fmt::format(
      "<style>text{{font:12px system-ui,-apple-system,'Segoe "
      "UI',Helvetica,Arial,sans-serif;fill:#57606a}}"
      ".title{{font-weight:600;font-size:14px;fill:#24292f}}.grid{{stroke:#8b949e;stroke-opacity:."
      "25}}"
      ".line{{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}}"
      ".raw{{fill:none;stroke-width:1;stroke-opacity:.3}}{}"
      "@media(prefers-color-scheme:dark){{text{{fill:#9aa4ae}}.title{{fill:#e6edf3}}{}}}</style>\n",
      light, dark);
}

std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (static_cast<unsigned char>(c) >= 0x20) {
      escaped += c;
    }
  }
  return escaped;
}

using Points = std::vector<std::pair<double, double>>;

Points Finite(const Points& points) {
  Points finite;
  for (const auto& point : points) {
    if (std::isfinite(point.first) && std::isfinite(point.second)) finite.push_back(point);
  }
  return finite;
}

// The mean of each point and its neighbours, window/2 on either side as far as there are any.
Points RunningMean(const Points& points, int window) {
  Points means;
  const auto size = static_cast<int>(points.size());
  for (int i = 0; i < size; ++i) {
    const int begin = std::max(i - window / 2, 0), end = std::min(i + window / 2 + 1, size);
    double sum = 0;
    for (int j = begin; j < end; ++j) sum += points[static_cast<size_t>(j)].second;
    means.emplace_back(points[static_cast<size_t>(i)].first, sum / (end - begin));
  }
  return means;
}

struct Axis {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void Include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  double Share(double value) const { return (value - low) / (high - low); }
};

std::string TickText(double value) {
  const double size = std::abs(value);
  if (size >= 10000) return fmt::format("{:g}k", value / 1000);
  return fmt::format("{:g}", size < 1e-12 ? 0 : value);
}

// One panel being drawn.
class Panel {
 public:
  Panel(const Chart& chart, double x, double y) : chart_(chart) {
    for (const Series& series : chart.series) lines_.push_back(Finite(series.points));
    for (const Points& line : lines_) {
      for (const auto& [px, py] : line) {
        x_axis_.Include(Place(px));
        if (chart.log2_x) x_ticks_.insert(px);
        y_axis_.Include(py);
      }
    }
    if (chart.from_zero && y_axis_.low > 0) y_axis_.low = 0;
    y_ticks_ = Ticks(y_axis_.low, y_axis_.high);
    y_axis_.low = y_ticks_.front();
    y_axis_.high = y_ticks_.back();
    if (x_axis_.high <= x_axis_.low) x_axis_.high = x_axis_.low + 1;
    if (!chart.log2_x) {
      for (const double tick : Ticks(x_axis_.low, x_axis_.high)) {
        if (tick >= x_axis_.low && tick <= x_axis_.high) x_ticks_.insert(tick);
      }
    }
    svg_ = fmt::format("<g transform=\"translate({:g} {:g})\">\n", x, y);
  }

  std::string Draw() {
    svg_ += fmt::format("<text class=\"title\" x=\"{:g}\" y=\"20\">{}</text>\n", kLeft,
                        Escape(chart_.title));
    DrawAxes();
    for (size_t i = 0; i < lines_.size(); ++i) {
      const size_t colour = i % kColours.size();
      if (chart_.smoothing > 1) {
        DrawLine(lines_[i], fmt::format("raw s{}", colour));
        lines_[i] = RunningMean(lines_[i], chart_.smoothing);
      }
      DrawLine(lines_[i], fmt::format("line s{}", colour));
      if (lines_[i].size() <= kDotsMax) DrawDots(lines_[i], fmt::format("t{}", colour));
    }
    DrawNames();
    return svg_ + "</g>\n";
  }

 private:
  // Of an x on the axis: in its units.
  double Place(double x) const { return chart_.log2_x ? std::log2(x) : x; }
  double X(double value) const { return kLeft + x_axis_.Share(Place(value)) * kPlotWidth; }
  double Y(double value) const { return kTop + (1 - y_axis_.Share(value)) * kPlotHeight; }

  void DrawAxes() {
    for (const double tick : y_ticks_) {
      svg_ +=
          fmt::format("<path class=\"grid\" d=\"M{:g} {:.1f}h{:g}\"/>", kLeft, Y(tick), kPlotWidth);
      svg_ += fmt::format("<text x=\"{:g}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
                          kLeft - 8, Y(tick) + 4, TickText(tick));
    }
    for (const double tick : x_ticks_) {
      svg_ += fmt::format("<text x=\"{:.1f}\" y=\"{:g}\" text-anchor=\"middle\">{}</text>\n",
                          X(tick), kTop + kPlotHeight + 18, TickText(tick));
    }
    svg_ += fmt::format("<text x=\"{:g}\" y=\"{:g}\" text-anchor=\"middle\">{}</text>\n",
                        kLeft + kPlotWidth / 2, kTop + kPlotHeight + 34, Escape(chart_.x_label));
  }

  void DrawLine(const Points& line, const std::string& css_class) {
    if (line.empty()) return;
    svg_ += fmt::format("<path class=\"{}\" d=\"", css_class);
    char command = 'M';
    for (const auto& [x, y] : line) {
      svg_ += fmt::format("{}{:.1f} {:.1f}", command, X(x), Y(y));
      command = 'L';
    }
    svg_ += "\"/>\n";
  }

  void DrawDots(const Points& line, const std::string& css_class) {
    for (const auto& [x, y] : line) {
      svg_ += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\"/>", css_class,
                          X(x), Y(y));
    }
    svg_ += '\n';
  }

  // Names beside the lines' ends, pushed apart where they would overlap, from the top down.
  void DrawNames() {
    std::vector<std::pair<double, size_t>> ends;
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (!lines_[i].empty()) ends.emplace_back(Y(lines_[i].back().second), i);
    }
    std::sort(ends.begin(), ends.end());
    for (size_t i = 1; i < ends.size(); ++i) {
      ends[i].first = std::max(ends[i].first, ends[i - 1].first + kLabelHeight);
    }
    double limit = kTop + kPlotHeight + kLabelHeight / 2;
    for (size_t i = ends.size(); i-- > 0; limit -= kLabelHeight)
      ends[i].first = std::min(ends[i].first, limit);
    for (const auto& [y, i] : ends) {
      svg_ += fmt::format("<text class=\"t{}\" x=\"{:g}\" y=\"{:.1f}\">{}</text>\n",
                          i % kColours.size(), kLeft + kPlotWidth + 8, y + 4,
                          Escape(CutToWidth(chart_.series[i].name, kLabelColumns)));
    }
  }

  const Chart& chart_;
  std::vector<Points> lines_;
  Axis x_axis_, y_axis_;
  std::set<double> x_ticks_;
  std::vector<double> y_ticks_;
  std::string svg_;
};

bool HasPoints(const Chart& chart) {
  return std::any_of(chart.series.begin(), chart.series.end(),
                     [](const Series& series) { return !Finite(series.points).empty(); });
}

}  // namespace

std::vector<double> Ticks(double low, double high) {
  if (!(high > low)) high = low + 1;
  constexpr double kWanted = 5;
  const double rough = (high - low) / kWanted;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5, 2, 1}) {
    if (factor * power >= 0.75 * rough) step = factor * power;
  }
  std::vector<double> ticks;
  const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  for (double i = first; i <= last; ++i) ticks.push_back(i * step);
  return ticks;
}

std::string ChartsSvg(const std::vector<Chart>& charts, int columns) {
  std::string panels;
  int count = 0;
  for (const Chart& chart : charts) {
    if (!HasPoints(chart)) continue;
    panels += Panel(chart, count % columns * kPanelWidth, count / columns * kPanelHeight).Draw();
    ++count;
  }
  if (count == 0) panels = "<text x=\"20\" y=\"40\">nothing was measured yet</text>\n";
  const double width = std::max(std::min(count, columns), 1) * kPanelWidth;
  const double height = std::max((count + columns - 1) / columns, 1) * kPanelHeight;
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:g} {1:g}\" "
             "width=\"{0:g}\" height=\"{1:g}\" "
             "role=\"img\">\n",
             width, height) +
         Style() + panels + "</svg>\n";
}

}  // namespace rationale
