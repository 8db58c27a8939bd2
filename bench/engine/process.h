// The kernel's figures about this process and about a directory, the same for every engine.
#pragma once

#include <cstdint>
#include <filesystem>

namespace kvs::bench {

double CpuSeconds();   // User and system time of all threads, also of ended ones.
double WallSeconds();  // Of a clock that only goes forward.

std::uint64_t WrittenBytes();    // That this process made dirty or sent to the disk (/proc/self/io, write_bytes).
std::uint64_t AnonymousBytes();  // Private memory without a file (/proc/self/smaps_rollup).
std::uint64_t ResidentBytes();   // All that is mapped and there, the page cache's pages included.

// The blocks of the files in a directory, at any depth. A file that is removed during the count is not counted.
std::uint64_t DiskBytes(const std::filesystem::path& directory);

// Waits until background threads have stopped working: until the process has used almost no CPU for `quiet_seconds`.
void Settle(double quiet_seconds);

}  // namespace kvs::bench
