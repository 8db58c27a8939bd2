// ClockKeeper: the file of the clock of spans, and reports of steps of the wall clock.
//
// Threads     Load() before all else. The others by one thread at a time.
// Errors      None. If the file cannot be read, that is reported, and the clock continues from the wall clock. If it
//             cannot be written, that is reported once, and tried again.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "io/file_system.h"
#include "kvs/kv_store.h"
#include "store/expiry/expiry_clock.h"
#include "store/space/health.h"

namespace kvs::store {

class ClockKeeper {
 public:
  ClockKeeper(ExpiryClock& clock, const Health& health, io::FileSystem& files, const std::filesystem::path& directory,
              const KvStoreOptions& options)
      : clock_(clock), health_(health), files_(files), directory_(directory), options_(options) {}

  enum class Found : std::uint8_t { kNothing, kFile };
  // Starts the clock, from the file if there is one.
  Found Load();

  // Whether the file says too little of the clock, and may be tried now.
  bool IsSavingDue() const;
  void Save();  // Nothing if the store is poisoned.

  // Reports steps of the wall clock to the log. Steps that come soon after each other are one line.
  void ReportSteps();

 private:
  using Time = std::chrono::steady_clock::time_point;

  // Constant after construction.
  ExpiryClock& clock_;
  const Health& health_;
  io::FileSystem& files_;
  const std::filesystem::path& directory_;
  const KvStoreOptions& options_;

  bool is_foreign_ = false;  // The file there is not ours to replace.
  Time reported_until_{};
  Time retry_at_{};  // After a failure.
};

}  // namespace kvs::store
