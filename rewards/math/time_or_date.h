// TimeOrDate: answers that are times of day or dates.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rationale {

// A time of day ("1:58 am", "13:58:00", "3 o'clock", "15時45分") or a date ("July 4, 2020",
// "4 July 2020", "2020-07-04", "2020年7月4日") in one form; nothing if the text is neither. A time
// without am or pm is kept apart from those with one.
std::optional<std::string> TimeOrDate(std::string_view text);

}  // namespace rationale
