// ManifestKeeper: the manifest as it is on the disk, and the only way to change it.
//
// Design      Knows which segments the saved index needs: when the first of them goes, so does that file, which nobody
//             could use any more.
// Threads     Call anything from any thread; edits queue.
// Durability  After Edit() returned Ok() the new manifest survives power loss.
// Errors      kNoSpace: the old manifest stands, the edit may be tried again. Any other: which of the two stands is
//             unknown, and the store must be poisoned.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "io/file_system.h"
#include "kvs/function_ref.h"
#include "kvs/result.h"
#include "log/manifest.h"
#include "sync/mutex.h"

namespace kvs::store {

class ManifestKeeper {
 public:
  ManifestKeeper(io::FileSystem& files, std::filesystem::path directory, log::Manifest manifest);

  // Lets `change` edit a copy, writes it, and keeps it once it is durable.
  Status Edit(FunctionRef<void(log::Manifest&)> change) KVS_EXCLUDES(mutex_);

  // A segment id that was never given out before. It is durably used up with the next edit that names it.
  std::uint64_t TakeSegmentId() KVS_EXCLUDES(mutex_);

  // There is a saved index of `bytes`, which needs these segments. 0: there is none.
  void SetSavedIndex(std::uint64_t bytes, std::vector<std::uint64_t> segment_ids) KVS_EXCLUDES(mutex_);
  std::uint64_t saved_index_bytes() KVS_EXCLUDES(mutex_);

 private:
  void RemoveUselessIndex() KVS_REQUIRES(mutex_);

  io::FileSystem& files_;
  const std::filesystem::path directory_;
  sync::Mutex mutex_;
  log::Manifest manifest_ KVS_GUARDED_BY(mutex_);
  std::uint64_t saved_index_bytes_ KVS_GUARDED_BY(mutex_) = 0;
  std::vector<std::uint64_t> saved_index_needs_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::store
