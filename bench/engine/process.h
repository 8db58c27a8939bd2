// What the kernel says about this process and about a directory: the figures that do not depend on who is asked.
#pragma once

#include <cstdint>
#include <filesystem>

namespace kvs::bench {

double CpuSeconds();   // User and system time of all threads, those included that have ended.
double WallSeconds();  // Of a clock that only goes forward.

std::uint64_t WrittenBytes();    // That this process made dirty or sent to the disk (/proc/self/io, write_bytes).
std::uint64_t AnonymousBytes();  // Private memory that no file is behind (/proc/self/smaps_rollup).
std::uint64_t ResidentBytes();   // All that is mapped and there, the page cache's pages included.

// Blocks that the files of a directory occupy, at any depth. A file that goes away meanwhile counts as gone.
std::uint64_t DiskBytes(const std::filesystem::path& directory);

// Waits until background threads have stopped working: until the process has used almost no CPU for `quiet_seconds`.
void Settle(double quiet_seconds);

}  // namespace kvs::bench
