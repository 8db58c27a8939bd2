// FileSystem: a place for a store: a given directory, or a small file system that is mounted for it.
//
// Threads     One thread at a time.
// Ownership   Unmounts at the end. Mounts are in a mount namespace of this process, so that the system takes them back
//             also when the process dies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "io/unique_fd.h"

namespace kvs::torture {

// Gives this process mounts of its own. False: that takes root. Call it before any thread starts.
bool EnterMountNamespace();

class FileSystem {
 public:
  // Makes and mounts a file system of the kind ("ext3", "ext4", "xfs", "btrfs", "tmpfs") in `scratch`; nullopt: this
  // machine cannot, `why` says so.
  static std::optional<FileSystem> Mount(const std::string& kind, std::uint64_t bytes,
                                         const std::filesystem::path& scratch, std::string* why);
  // Somebody's directory, which is never filled.
  static FileSystem Of(const std::filesystem::path& directory) { return FileSystem(directory, "a directory", false); }
  FileSystem(FileSystem&& other) noexcept;
  FileSystem& operator=(FileSystem&&) = delete;
  ~FileSystem();

  const std::string& kind() const { return kind_; }
  std::filesystem::path store_path() const { return directory_ / "store"; }
  bool is_mounted() const { return is_mounted_; }

  // Takes all the room that is left. A second call takes the room that was freed since.
  void Fill();
  // Takes all inodes that are left, if they are few: on ext and tmpfs.
  void TakeInodes();
  void Relieve();  // Gives both back.

 private:
  FileSystem(std::filesystem::path directory, std::string kind, bool is_mounted)
      : directory_(std::move(directory)), kind_(std::move(kind)), is_mounted_(is_mounted) {}

  std::filesystem::path ballast() const { return directory_ / "ballast"; }
  std::filesystem::path empty_files() const { return directory_ / "empty-files"; }

  std::filesystem::path directory_;
  std::string kind_;
  bool is_mounted_;
};

}  // namespace kvs::torture
