// The readers behind OpenRows(), one a file format.

#pragma once

#include <memory>
#include <string>

#include "datasets/readers/rows.h"

namespace rationale {

std::unique_ptr<RowReader> OpenJsonl(const std::string& path, const RowFormat& format);
std::unique_ptr<RowReader> OpenJsonArray(const std::string& path, const RowFormat& format);
std::unique_ptr<RowReader> OpenParquet(const std::string& path, const RowFormat& format);
std::unique_ptr<RowReader> OpenDelimited(const std::string& path, const RowFormat& format,
                                         bool csv);

// Throws Error("<where>: ...") unless the value is an object nested at most 64 levels deep.
void RequireRow(const rapidjson::Value& value, const std::string& where);

}  // namespace rationale
