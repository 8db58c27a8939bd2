#include "store/manifest_keeper.h"

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
  return Ok();
}

std::uint64_t ManifestKeeper::TakeSegmentId() {
  const sync::MutexLock lock(mutex_);
  return manifest_.next_segment_id++;
}

}  // namespace kvs::store
