// Reserve: room on the disk that is set aside in a file of its own (RESERVE), so that a full disk can be cleaned up:
// compaction and removals need room before they give any.
//
// Design      The file holds a magic and nothing else; its length is what is set aside. It stays over a stop, so that a
//             store that is opened on a full disk has it too. GiveUp() gives the room back to the disk for a removal,
//             Lend() for a run of compaction, after which Hold() takes it again. Until then nothing else is stored.
//             A file system may have room, and no inode for another file. So there are kInodes files, which are
//             removed, not cut: for the segment that removals go to, for the one that compaction writes, and for the
//             manifest that names them.
// Threads     Call anything from any thread; calls queue.
// Errors      Hold(): what passes (base::IsPassing). Where no reserve can be had for another reason, the store does
//             without, and says so once.
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

  // Sets `bytes` aside, or as much more as is there already, up to twice as much.
  Status Hold(std::uint64_t bytes) KVS_EXCLUDES(mutex_);

  // Gives all of it back to the disk. False: there was nothing.
  bool GiveUp() KVS_EXCLUDES(mutex_);

  // The same, and Hold() takes nothing until Return().
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
  bool is_impossible_ KVS_GUARDED_BY(mutex_) = false;  // Not for want of room: the store does without.
};

}  // namespace kvs::store
