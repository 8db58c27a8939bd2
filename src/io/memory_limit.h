// MemoryLimit: how many bytes of memory this process may have: those of the machine, or of a tighter limit: its control
// groups (version 2 or 1, at any height), or those of its address space and its data (ulimit -v, ulimit -d).
//
// Threads     Call anything from any thread.
#pragma once

#include <cstdint>
#include <filesystem>

namespace kvs::io {

std::uint64_t MemoryLimit();

// Of the control groups that the files below `root` tell about; the greatest number: there is none.
std::uint64_t ControlGroupMemoryLimit(const std::filesystem::path& root);

}  // namespace kvs::io
