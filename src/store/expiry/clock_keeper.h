// ClockKeeper: the file of the clock of spans, and reports of steps of the wall clock.
//
// Threads     Call Load() before all else. The other calls by one thread at a time.
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

  // True if the clock differs too much from the file, and the wait after a failure is over.
  bool IsSavingDue() const;
  void Save();  // Does nothing if the store is poisoned.

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

  bool is_foreign_ = false;  // The file is not a clock file of this version, and must stay.
  Time reported_until_{};    // No steps are reported before this time.
  Time retry_at_{};          // The end of the wait after a failure.
};

}  // namespace kvs::store
