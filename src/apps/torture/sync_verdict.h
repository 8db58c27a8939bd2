// SyncVerdict: whether a directory keeps its files over a loss of power, as far as can be told without one.
//
// Design      The kind of the file system tells whether there is a disk at all. The time of a sync tells whether the
//             disk can have written meanwhile: no medium takes a page in less than kSyncOfDiskMin. That a sync is slow
//             proves nothing: only cutting the power does.
// Threads     One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "kvs/result.h"

namespace kvs::torture {

inline constexpr std::chrono::microseconds kSyncOfDiskMin{5};

enum class Keeping : std::uint8_t {
  kNothing,   // The files lie in memory.
  kDoubtful,  // Syncs return sooner than a disk can write.
  kCredible,  // Syncs take as long as a disk may need.
};

struct SyncVerdict {
  Keeping keeping = Keeping::kNothing;
  std::chrono::nanoseconds sync_time{};  // The median of many syncs of one page each.

  std::string ToString() const;
};

// Writes and syncs a small file in `directory` some hundred times, and removes it.
Result<SyncVerdict> JudgeSyncs(const std::filesystem::path& directory);

// is_memory: in, the file system has no disk.
Keeping JudgeTime(std::chrono::nanoseconds sync_time, bool is_memory);

}  // namespace kvs::torture
