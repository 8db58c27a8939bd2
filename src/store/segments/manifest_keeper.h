// ManifestKeeper: the manifest as it is on the disk, and the only way to change it.
//
// Design      The keeper knows which segments the saved index needs. When the first of them is dropped, it removes the
//             saved index, because no opening could use it any more.
// Threads     Call anything from any thread; edits queue.
// Durability  After Edit() returned Ok() the new manifest survives power loss.
// Errors      kNoSpace: the old manifest is still the valid one, and the edit may be tried again. Any other error: the
//             disk may hold the old manifest or the new one, and the store must be poisoned.
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

  // Applies `change` to a copy, writes the copy, and keeps it once it is durable.
  Status Edit(FunctionRef<void(log::Manifest&)> change) KVS_EXCLUDES(mutex_);

  // A segment id that was never used. The next edit makes it durable that the id is used.
  std::uint64_t TakeSegmentId() KVS_EXCLUDES(mutex_);

  // bytes: in, the size of the saved index; 0: there is none. segment_ids: in, the segments that it needs.
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
