#include "store/segments/manifest_keeper.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "log/file_names.h"

namespace kvs::store {

ManifestKeeper::ManifestKeeper(io::FileSystem& files, std::filesystem::path directory, log::Manifest manifest)
    : files_(files), directory_(std::move(directory)), manifest_(std::move(manifest)) {}

Status ManifestKeeper::Edit(FunctionRef<void(log::Manifest&)> change) {
  const sync::MutexLock lock(mutex_);
  log::Manifest edited = manifest_;
  change(edited);
  KVS_TRY(
      files_.SyncDirectory(directory_));  // The names of new files reach the disk before the manifest that needs them.
  KVS_TRY(files_.WriteFileAtomically(log::ManifestPath(directory_), log::EncodeManifest(edited)));
  manifest_ = std::move(edited);
  RemoveUselessIndex();
  return Ok();
}

// If the file cannot be removed, the next opening ignores it.
void ManifestKeeper::RemoveUselessIndex() {
  if (saved_index_bytes_ == 0) return;
  const bool is_whole =
      std::all_of(saved_index_needs_.begin(), saved_index_needs_.end(),
                  [&](std::uint64_t id) KVS_REQUIRES(mutex_) { return manifest_.Find(id) != nullptr; });
  if (!is_whole && files_.Remove(log::IndexPath(directory_))) saved_index_bytes_ = 0;
}

void ManifestKeeper::SetSavedIndex(std::uint64_t bytes, std::vector<std::uint64_t> segment_ids) {
  const sync::MutexLock lock(mutex_);
  saved_index_bytes_ = bytes;
  saved_index_needs_ = std::move(segment_ids);
}

std::uint64_t ManifestKeeper::saved_index_bytes() {
  const sync::MutexLock lock(mutex_);
  return saved_index_bytes_;
}

std::uint64_t ManifestKeeper::TakeSegmentId() {
  const sync::MutexLock lock(mutex_);
  return manifest_.next_segment_id++;
}

}  // namespace kvs::store
