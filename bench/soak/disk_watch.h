// DiskWatch: a thread that compares the disk use of a store's directory with its bound while the store works.
//
// Design      Every ten milliseconds it asks the kernel for the size of each file in the directory, once as bytes
//             (st_size) and once as blocks (st_blocks), and takes the larger sum. The bound of that moment is
//
//                 live bytes / (1 - garbage_ratio_max) + slack
//
//             The slack is 2 segments and the live bytes, and at most twice segment_bytes. Live bytes are those of
//             Stats(), before or after the files were listed, whichever is more, because a sample is not a snapshot.
//             The size of a segment here is that of the largest segment that the store would make at the moment, or of
//             the largest segment file, whichever is more. The store makes segments of an eighth of the live bytes,
//             between 16 MiB and segment_bytes.
// Threads     Stop() and worst() from the thread that made it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <thread>

#include "kvs/kv_store.h"

namespace kvs::soak {

class DiskWatch {
 public:
  struct Sample {
    std::uint64_t disk_bytes = 0;
    std::uint64_t bound_bytes = 1;
    std::uint64_t live_bytes = 0;
    std::uint64_t segment_bytes = 0;

    double ratio() const { return static_cast<double>(disk_bytes) / static_cast<double>(bound_bytes); }
  };
  struct Figures {
    std::uint64_t samples = 0;
    std::uint64_t violations = 0;
    Sample largest;  // With the most bytes on the disk.
    Sample worst;    // With the most bytes for its bound.
  };

  DiskWatch(KvStore& store, const std::filesystem::path& directory, const KvStoreOptions& options);
  ~DiskWatch();

  Figures Stop();

 private:
  void Run();
  Sample Take();

  // Constant after construction.
  KvStore& store_;
  const std::filesystem::path directory_;
  const KvStoreOptions options_;

  Figures figures_;                 // The thread's until it is joined.
  std::atomic<bool> stops_{false};  // Relaxed: nothing is reached through it.
  std::thread thread_;
};

}  // namespace kvs::soak
