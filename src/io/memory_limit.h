// MemoryLimit: the bytes of memory that this process may use. This is the machine's memory, or a tighter limit: of its
// control groups (version 1 or 2, at any level), or of its address space or data (ulimit -v, ulimit -d).
//
// Threads     Call anything from any thread.
#pragma once

#include <cstdint>
#include <filesystem>

namespace kvs::io {

std::uint64_t MemoryLimit();

// The limit of the control groups described by the files below `root`. The greatest number: there is no limit.
std::uint64_t ControlGroupMemoryLimit(const std::filesystem::path& root);

}  // namespace kvs::io
