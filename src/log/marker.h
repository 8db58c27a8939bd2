// The marker file ENGINE: names the engine whose data a directory holds.
//
//   contents  := name "\n" ; name: 1..32 of a-z, 0-9, "_" and "-"
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "io/file_system.h"
#include "kvs/result.h"

namespace kvs::log {

// nullopt: there is no marker. kCorruption: its contents are not a name.
Result<std::optional<std::string>> ReadMarker(io::FileSystem& file_system, const std::filesystem::path& directory);

Status WriteMarker(io::FileSystem& file_system, const std::filesystem::path& directory, std::string_view name);

}  // namespace kvs::log
