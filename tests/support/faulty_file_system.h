// FaultyFileSystem: a file system that fails, or loses its power, at an operation of the test's choice. Afterwards it
// shows the directory as a disk might show it.
//
// Design      Works on real files, so mappings are real mappings. It also keeps the state that the disk is sure to
//             hold: each file's contents at its last Sync(), and the directory's names at its last SyncDirectory().
//             After a power cut everything newer may be there or not, sector by sector and name by name. The kernel
//             takes the pages of a failed sync for clean. Later syncs bring them to the disk only if they were written
//             again.
// Threads     As FileSystem. The settings are made before the store is opened, or from inside the hook.
// Durability  Nothing is really brought to the disk, which makes it quick; only the model counts.
// Limits      One flat directory. Reads are not numbered: they fail only after a power cut, or if the hook says so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "io/file_system.h"
#include "support/forwarding_file_system.h"
#include "sync/mutex.h"

namespace kvs::test {

enum class OperationKind : std::uint8_t {
  kCreate,
  kWrite,      // Behind the end of the file, so that it takes room.
  kOverwrite,  // Within the file.
  kReserve,
  kTruncate,
  kSync,
  kMap,
  kRename,
  kRemove,
  kSyncDirectory,
  kCreateDirectories,
  kRead,  // Opening to read, reading, listing. Not numbered.
};

struct Operation {
  OperationKind kind;
  std::filesystem::path path;
  std::uint64_t number;  // From 1; 0: not numbered.
};

class FaultyFileSystem final : public ForwardingFileSystem {
 public:
  // Answers whether, and how, the operation fails. Called without any lock, by the thread that does the operation.
  using Hook = std::function<Status(const Operation&)>;

  // The present contents of `directory` count as being on the disk.
  explicit FaultyFileSystem(std::filesystem::path directory);
  ~FaultyFileSystem() override;  // All files are closed.

  // How many numbered operations there were.
  std::uint64_t operations() const KVS_EXCLUDES(mutex_);

  // --- Settings ---
  // Operation `number` and everything after it fails, and does nothing.
  void CutPowerAt(std::uint64_t number) KVS_EXCLUDES(mutex_);
  // Operation `number` fails with `sys_errno`, a write after it wrote a part; `is_sticky`: all after it as well, of a
  // full disk those that take room.
  void FailAt(std::uint64_t number, int sys_errno, bool is_sticky) KVS_EXCLUDES(mutex_);
  void Heal() KVS_EXCLUDES(mutex_);  // Takes the two settings above back.
  void SetHook(Hook hook) KVS_EXCLUDES(mutex_);
  // As a file system that cannot preallocate.
  void RefuseToReserve() KVS_EXCLUDES(mutex_);

  // Whether a fault that was set above has happened; whether one has hit a sync, or the note or the cut that
  // go with one.
  bool has_failed() const KVS_EXCLUDES(mutex_);
  bool has_failed_to_sync() const KVS_EXCLUDES(mutex_);

  // Fills `elsewhere`, which loses what it has, with what the directory may look like when the power returns. Another
  // seed shows another of those states.
  void ShowAfterPowerLoss(std::uint64_t seed, const std::filesystem::path& elsewhere) const KVS_EXCLUDES(mutex_);
  // Rewrites the directory so. Everything that used it is closed.
  void RestoreAsAfterPowerLoss(std::uint64_t seed) KVS_EXCLUDES(mutex_);

  // --- FileSystem ---
  Result<std::unique_ptr<io::File>> Open(const std::filesystem::path& path, io::OpenMode mode) override;
  Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Status Remove(const std::filesystem::path& path) override;
  Status SyncDirectory(const std::filesystem::path& directory) override;
  Status CreateDirectories(const std::filesystem::path& directory) override;
  Result<std::vector<std::string>> List(const std::filesystem::path& directory) override;
  Result<bool> Exists(const std::filesystem::path& path) override;
  Result<std::unique_ptr<io::DirectoryLock>> LockDirectory(const std::filesystem::path& directory) override;

 private:
  class FaultyFile;
  struct Contents;
  using Names = std::map<std::string, std::shared_ptr<Contents>>;
  struct NameChange {  // Not yet sure to be on the disk. `to` without contents: a removal.
    std::string from;  // The name that goes with a rename.
    std::string to;
    std::shared_ptr<Contents> contents;
  };

  bool IsHit(OperationKind kind, std::uint64_t number) const KVS_REQUIRES(mutex_);
  Status Enter(OperationKind kind, const std::filesystem::path& path) KVS_EXCLUDES(mutex_);
  static void Apply(const NameChange& change, Names* names);
  Names NamesAfterPowerLoss(base::Random* random) const KVS_REQUIRES(mutex_);
  void WriteAfterPowerLoss(std::uint64_t seed, const std::filesystem::path& to) const KVS_REQUIRES(mutex_);

  const std::filesystem::path directory_;

  mutable sync::Mutex mutex_;
  std::uint64_t operations_ KVS_GUARDED_BY(mutex_) = 0;
  std::uint64_t power_cut_at_ KVS_GUARDED_BY(mutex_) = UINT64_MAX;
  std::uint64_t fails_at_ KVS_GUARDED_BY(mutex_) = UINT64_MAX;
  int fails_with_ KVS_GUARDED_BY(mutex_) = 0;
  bool is_sticky_ KVS_GUARDED_BY(mutex_) = false;
  bool has_failed_ KVS_GUARDED_BY(mutex_) = false;
  bool has_failed_to_sync_ KVS_GUARDED_BY(mutex_) = false;
  bool refuses_to_reserve_ KVS_GUARDED_BY(mutex_) = false;
  std::uint64_t boots_ KVS_GUARDED_BY(mutex_) = 1;
  std::shared_ptr<const Hook> hook_ KVS_GUARDED_BY(mutex_);

  Names current_ KVS_GUARDED_BY(mutex_);                    // As the program sees the directory.
  Names durable_ KVS_GUARDED_BY(mutex_);                    // As the disk is sure to hold it.
  std::vector<NameChange> changes_ KVS_GUARDED_BY(mutex_);  // Between the two, in their order.
};

}  // namespace kvs::test
