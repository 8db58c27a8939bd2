// SegmentLoader: reads what segments hold, on all cores, in front of the one thread that builds the index.
//
// Design      Worker threads take segments in order, read the hint file or else the segment, and hand over the lists in
//             order; they stay at most a window ahead, so memory is bounded by the window, not by the store.
// Threads     Next() from one thread.
// Errors      kCorruption with file and offset: a sealed segment has a bad record. kIo.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "io/file_system.h"
#include "kvs/result.h"
#include "log/record_scan.h"
#include "log/segment.h"
#include "sync/mutex.h"

namespace kvs::store {

struct LoadedSegment {
  std::vector<log::RecordSummary> records;  // Their keys point into the segment or into `hint`.
  std::string hint;
  std::uint64_t hint_bytes = 0;  // 0: there is no usable hint file, and the segment itself was read.
};

class SegmentLoader {
 public:
  struct Source {
    std::shared_ptr<log::Segment> segment;
    std::uint64_t bytes;  // How far its records go.
    bool is_sealed;       // And so may have a hint file.
  };

  SegmentLoader(io::FileSystem& files, std::filesystem::path directory, std::vector<Source> sources);
  ~SegmentLoader();

  // What the next source holds, in the order of the sources; call it once for each.
  Result<LoadedSegment> Next() KVS_EXCLUDES(mutex_);

 private:
  void Work() KVS_EXCLUDES(mutex_);
  std::optional<std::size_t> Take() KVS_EXCLUDES(mutex_);
  Result<LoadedSegment> Load(const Source& source) const;
  std::optional<LoadedSegment> LoadHint(const log::Segment& segment) const;

  // Constant after construction.
  io::FileSystem& files_;
  const std::filesystem::path directory_;
  const std::vector<Source> sources_;
  const std::size_t window_;

  sync::Mutex mutex_;
  sync::ConditionVariable changed_;
  std::size_t taken_ KVS_GUARDED_BY(mutex_) = 0;
  std::size_t returned_ KVS_GUARDED_BY(mutex_) = 0;
  bool stops_ KVS_GUARDED_BY(mutex_) = false;
  std::vector<std::optional<Result<LoadedSegment>>> loaded_ KVS_GUARDED_BY(mutex_);
  std::vector<std::thread> workers_;
};

}  // namespace kvs::store
