// NamedPath(): a path as a name in its parent directory.
#pragma once

#include <filesystem>

#include "kvs/result.h"

namespace kvs::io {

// The absolute path without ".." and without a slash at its end, so that it has a name and a parent. kIo: the current
// directory is unknown.
Result<std::filesystem::path> NamedPath(const std::filesystem::path& path);

}  // namespace kvs::io
