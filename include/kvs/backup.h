// Backups: copies of a store at one moment, made while it is written to, each proven by one hash.
//
//     const auto store = kvs::KvStore::Open("data").value();
//     store->Set("greeting", "hello").has_value();             // == true
//     const kvs::BackupInfo backup = store->Backup("backups", {}).value();
//     store->Set("greeting", "good evening").has_value();      // == true
//     kvs::VerifyBackup(backup.directory)->root == backup.root;                  // == true
//     kvs::RestoreBackup("backups", "yesterday", backup.sequence).has_value();   // == true
//     kvs::KvStore::Open("yesterday").value()->Get("greeting").value();          // == "hello"
//
// Design      A directory of backups has one directory for each, named by its number: 000001, 000002. Each is a whole
//             store, and has a file that lists the SHA-256 of each of its files; `sha256sum -c BACKUP` checks it too.
//             The root is the hash of that list: two backups with one root hold the same. Sealed segments never change.
//             On the store's own file system they get a second name in the backup, so that they take no room until
//             compaction drops them from the store. Elsewhere those that the last backup has are not copied again. The
//             end of the log is always copied.
// Threads     Call anything from any thread. One process at a time makes or prunes backups in a directory.
// Durability  A backup gets its name once all of it is on the disk. Before that the name ends with ".partial"; the
//             next call removes what an interrupted one left.
// Ownership   Nothing but files of backups is changed or removed.
// Errors      kInUse: another process makes or prunes backups there. kCorruption: a byte is not what was written; the
//             context names the file. kNoSpace, kIo. kInvalidArgument: there is no such backup, or something is in the
//             way. An error leaves all earlier backups as they were.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kvs/result.h"

namespace kvs {

struct BackupProgress {
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
};

struct BackupOptions {
  std::uint64_t bytes_per_second = 0;  // The most to read, on average; 0: no limit.
  // Called after each megabyte or so, by the thread of the call. Returns whether to go on; if not, the call ends with
  // kCancelled, and nothing is left of it.
  std::function<bool(const BackupProgress& progress)> progress{};
};

struct BackupInfo {
  std::filesystem::path directory{};
  std::uint64_t number = 0;    // Counts the backups of one directory from 1.
  std::uint64_t sequence = 0;  // Of the last write that it holds.
  std::int64_t created_s = 0;  // Seconds since 1970.
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  // Of all its files, whether other backups or the store share them.
  std::string root{};       // SHA-256 as 64 hexadecimal digits.
};

// The directories of the backups in `in`, the oldest first.
Result<std::vector<std::filesystem::path>> FindBackups(const std::filesystem::path& in);

// What the list of one backup says. Only VerifyBackup() reads the files.
// backup: in, its own directory, "backups/000003".
Result<BackupInfo> ReadBackup(const std::filesystem::path& backup);

// Reads all bytes of one backup: it is whole, and is the state at its sequence.
Result<BackupInfo> VerifyBackup(const std::filesystem::path& backup, const BackupOptions& options = {});

// The files that only one of two backups has, by name. Both are empty if the roots are the same. Reads only the lists.
struct BackupDifference {
  std::vector<std::string> only_a{};
  std::vector<std::string> only_b{};
};
Result<BackupDifference> DiffBackups(const std::filesystem::path& a, const std::filesystem::path& b);

// Copies a backup to `directory`, which must be absent or empty, and checks each byte on the way. The directory appears
// once all of it is on the disk. The restored store never gives a segment a name that a backup in `from` has.
// sequence: in, of the backup to take; nullopt: the newest.
Result<BackupInfo> RestoreBackup(const std::filesystem::path& from, const std::filesystem::path& directory,
                                 std::optional<std::uint64_t> sequence = {}, const BackupOptions& options = {});

// Removes all but the newest `kept` backups, at least one. Returns how many were removed.
Result<std::uint64_t> PruneBackups(const std::filesystem::path& in, std::uint64_t kept);

}  // namespace kvs
