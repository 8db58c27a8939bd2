// Reserve: disk space held in a file of its own (RESERVE), with which a full disk can be cleaned up. Compaction and
// removals need space before they free any.
//
// Design      The file holds a magic and nothing else; its length is the reserve. It stays after a stop, so a store
//             that is opened on a full disk has it too. GiveUp() frees the space for a removal, Lend() for a run of
//             compaction. Then Hold() takes it again. Until then the store takes no room for other writes. A file
//             system may have space but no inode for another file. So there are kInodes files, which are removed, not
//             truncated. They leave inodes for the segment of the removals, for the output of compaction, and for the
//             manifest that names them.
// Threads     Call anything from any thread; calls queue.
// Errors      Hold(): errors that pass (base::IsPassing). If the reserve cannot be had for another reason, the store
//             works without it, and logs that once.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "io/file_system.h"
#include "kvs/kv_store.h"
#include "kvs/result.h"
#include "sync/mutex.h"

namespace kvs::store {

class Reserve {
 public:
  static constexpr unsigned kInodes = 3;

  Reserve(io::FileSystem& files, const std::filesystem::path& directory, const KvStoreOptions& options);

  // Holds at least `bytes`. A reserve of more than twice that is cut to it.
  Status Hold(std::uint64_t bytes) KVS_EXCLUDES(mutex_);

  // Frees the whole reserve. False: nothing was freed.
  bool GiveUp() KVS_EXCLUDES(mutex_);

  // The same, but Hold() fails until Return(). Also true if nothing was held.
  bool Lend() KVS_EXCLUDES(mutex_);
  void Return() KVS_EXCLUDES(mutex_);

  std::uint64_t held_bytes() const KVS_EXCLUDES(mutex_);

 private:
  Status TryHold(std::uint64_t bytes) KVS_EXCLUDES(mutex_);
  Status Open(std::uint64_t bytes) KVS_REQUIRES(mutex_);
  Status HoldInodes() KVS_REQUIRES(mutex_);
  void GiveInodesBack() KVS_REQUIRES(mutex_);
  Status Grow(std::uint64_t bytes) KVS_REQUIRES(mutex_);
  Status Fill(std::uint64_t from, std::uint64_t to) KVS_REQUIRES(mutex_);
  bool Cut(std::uint64_t bytes) KVS_REQUIRES(mutex_);
  bool Empty() KVS_REQUIRES(mutex_);

  io::FileSystem& files_;
  const std::filesystem::path path_;
  const std::array<std::filesystem::path, kInodes - 1> others_;
  const KvStoreOptions& options_;

  mutable sync::Mutex mutex_;
  std::unique_ptr<io::File> file_ KVS_GUARDED_BY(mutex_);
  std::uint64_t held_bytes_ KVS_GUARDED_BY(mutex_) = 0;
  bool is_lent_ KVS_GUARDED_BY(mutex_) = false;
  bool is_impossible_ KVS_GUARDED_BY(mutex_) = false;  // No reserve can be had, for a reason that does not pass.
};

}  // namespace kvs::store
