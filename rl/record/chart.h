// Chart: line charts as SVG, for READMEs and reports: legible on light and dark pages, no script,
// no fonts of its own.

#pragma once

#include <string>
#include <utility>
#include <vector>

namespace rationale {

struct Series {
  std::string name;  // written at the line's end
  std::vector<std::pair<double, double>>
      points;  // (x, y), x ascending; points that are not finite are left out
};

// One panel.
struct Chart {
  std::string title;
  std::string x_label;
  std::vector<Series> series;
  // Points of a running mean (window of this many points, centred) drawn over the pale raw line; 1:
  // the raw line alone.
  int smoothing = 1;
  bool log2_x = false;    // a binary logarithmic x axis, x > 0, with a tick at each point
  bool from_zero = true;  // the y axis begins at 0 if no value is below
};

// Panels in rows of `columns`. Colours are assigned to series by their place, so that the same
// series may keep its colour over panels. Empty panels (no finite point) are left out; without any
// the result is an SVG that says so.
std::string ChartsSvg(const std::vector<Chart>& charts, int columns = 2);

// Positions of axis ticks: about 4 to 8 multiples of 1, 2 or 5 times a power of ten that cover
// [low, high].
std::vector<double> Ticks(double low, double high);

}  // namespace rationale
