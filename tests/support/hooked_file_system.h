// HookedFileSystem: the operating system's files, with a call-back before each operation that changes something. The
// call-back may block, act, or return an error, which is then the operation's.
//
// Threads     The thread of the operation calls the hook, without any lock of the store.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "base/try.h"
#include "io/file_system.h"
#include "support/forwarding_file_system.h"

namespace kvs::test {

enum class FileOperation {
  kCreate,
  kWrite,
  kReserve,
  kTruncate,
  kSync,
  kRename,
  kRemove,
  kLink,
  kSyncDirectory,
};

using FileHook = std::function<Status(FileOperation operation, const std::filesystem::path& path)>;

class HookedFile final : public ForwardingFile {
 public:
  HookedFile(std::unique_ptr<io::File> file, std::filesystem::path path, const FileHook& hook)
      : ForwardingFile(std::move(file)), path_(std::move(path)), hook_(hook) {}

  Status WriteAt(std::uint64_t offset, std::string_view bytes) override {
    KVS_TRY(hook_(FileOperation::kWrite, path_));
    return ForwardingFile::WriteAt(offset, bytes);
  }
  Status Reserve(std::uint64_t offset, std::uint64_t bytes, io::Grain grain) override {
    KVS_TRY(hook_(FileOperation::kReserve, path_));
    return ForwardingFile::Reserve(offset, bytes, grain);
  }
  Status Truncate(std::uint64_t bytes) override {
    KVS_TRY(hook_(FileOperation::kTruncate, path_));
    return ForwardingFile::Truncate(bytes);
  }
  Status Sync() override {
    KVS_TRY(hook_(FileOperation::kSync, path_));
    return ForwardingFile::Sync();
  }

 private:
  const std::filesystem::path path_;
  const FileHook& hook_;
};

class HookedFileSystem final : public ForwardingFileSystem {
 public:
  explicit HookedFileSystem(FileHook hook) : hook_(std::move(hook)) {}

  Result<std::unique_ptr<io::File>> Open(const std::filesystem::path& path, io::OpenMode mode) override {
    if (mode == io::OpenMode::kCreate) KVS_TRY(hook_(FileOperation::kCreate, path));
    return ForwardingFileSystem::Open(path, mode);
  }
  Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    KVS_TRY(hook_(FileOperation::kRename, to));
    return ForwardingFileSystem::Rename(from, to);
  }
  Status Remove(const std::filesystem::path& path) override {
    KVS_TRY(hook_(FileOperation::kRemove, path));
    return ForwardingFileSystem::Remove(path);
  }
  Status RemoveDirectory(const std::filesystem::path& directory) override {
    KVS_TRY(hook_(FileOperation::kRemove, directory));
    return ForwardingFileSystem::RemoveDirectory(directory);
  }
  Status Link(const std::filesystem::path& from, const std::filesystem::path& to) override {
    KVS_TRY(hook_(FileOperation::kLink, to));
    return ForwardingFileSystem::Link(from, to);
  }
  Status SyncDirectory(const std::filesystem::path& directory) override {
    KVS_TRY(hook_(FileOperation::kSyncDirectory, directory));
    return ForwardingFileSystem::SyncDirectory(directory);
  }

 protected:
  Result<std::unique_ptr<io::File>> OnOpen(const std::filesystem::path& path, io::OpenMode /*mode*/,
                                           std::unique_ptr<io::File> file) override {
    return std::make_unique<HookedFile>(std::move(file), path, hook_);
  }

 private:
  const FileHook hook_;
};

}  // namespace kvs::test
