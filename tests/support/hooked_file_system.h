// HookedFileSystem: the operating system's files, with a call-back before each operation that changes something, which
// may block, act, or answer with an error that is then the operation's.
//
// Threads     The hook is called by whichever thread does the operation, without any lock of the store.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/try.h"
#include "io/file_system.h"

namespace kvs::test {

enum class FileOperation {
  kCreate,
  kWrite,
  kReserve,
  kTruncate,
  kSync,
  kRename,
  kRemove,
  kSyncDirectory,
};

using FileHook = std::function<Status(FileOperation operation, const std::filesystem::path& path)>;

class HookedFile final : public io::File {
 public:
  HookedFile(std::unique_ptr<io::File> file, std::filesystem::path path, const FileHook& hook)
      : file_(std::move(file)), path_(std::move(path)), hook_(hook) {}

  Result<std::uint64_t> Size() override { return file_->Size(); }
  Result<std::size_t> ReadAt(std::uint64_t offset, char* to, std::size_t bytes) override {
    return file_->ReadAt(offset, to, bytes);
  }
  Status WriteAt(std::uint64_t offset, std::string_view bytes) override {
    KVS_TRY(hook_(FileOperation::kWrite, path_));
    return file_->WriteAt(offset, bytes);
  }
  Status Reserve(std::uint64_t offset, std::uint64_t bytes, io::Grain grain) override {
    KVS_TRY(hook_(FileOperation::kReserve, path_));
    return file_->Reserve(offset, bytes, grain);
  }
  Status Truncate(std::uint64_t bytes) override {
    KVS_TRY(hook_(FileOperation::kTruncate, path_));
    return file_->Truncate(bytes);
  }
  Status Sync() override {
    KVS_TRY(hook_(FileOperation::kSync, path_));
    return file_->Sync();
  }
  Result<io::Mapping> Map(std::size_t bytes, io::Access access) override { return file_->Map(bytes, access); }

 private:
  const std::unique_ptr<io::File> file_;
  const std::filesystem::path path_;
  const FileHook& hook_;
};

class HookedFileSystem final : public io::FileSystem {
 public:
  explicit HookedFileSystem(FileHook hook) : hook_(std::move(hook)) {}

  Result<std::unique_ptr<io::File>> Open(const std::filesystem::path& path, io::OpenMode mode) override {
    if (mode == io::OpenMode::kCreate) KVS_TRY(hook_(FileOperation::kCreate, path));
    KVS_TRY_ASSIGN(auto file, files_.Open(path, mode));
    return std::make_unique<HookedFile>(std::move(file), path, hook_);
  }
  Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    KVS_TRY(hook_(FileOperation::kRename, to));
    return files_.Rename(from, to);
  }
  Status Remove(const std::filesystem::path& path) override {
    KVS_TRY(hook_(FileOperation::kRemove, path));
    return files_.Remove(path);
  }
  Status SyncDirectory(const std::filesystem::path& directory) override {
    KVS_TRY(hook_(FileOperation::kSyncDirectory, directory));
    return files_.SyncDirectory(directory);
  }
  Status CreateDirectories(const std::filesystem::path& directory) override {
    return files_.CreateDirectories(directory);
  }
  Result<std::vector<std::string>> List(const std::filesystem::path& directory) override {
    return files_.List(directory);
  }
  Result<bool> Exists(const std::filesystem::path& path) override { return files_.Exists(path); }
  Result<std::unique_ptr<io::DirectoryLock>> LockDirectory(const std::filesystem::path& directory) override {
    return files_.LockDirectory(directory);
  }

 private:
  const FileHook hook_;
  io::FileSystem& files_ = io::PosixFileSystem();
};

}  // namespace kvs::test
