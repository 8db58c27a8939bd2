// ForwardingFileSystem: hands every operation on to the real file system. Tests override the operations that they watch
// or fail. OnOpen() is the place to wrap a file.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/file_system.h"

namespace kvs::test {

class ForwardingFile : public io::File {
 public:
  explicit ForwardingFile(std::unique_ptr<io::File> file) : file_(std::move(file)) {}

  Result<std::uint64_t> Size() override { return file_->Size(); }
  Result<std::size_t> ReadAt(std::uint64_t offset, char* to, std::size_t bytes) override {
    return file_->ReadAt(offset, to, bytes);
  }
  void DropCached(std::uint64_t offset, std::uint64_t bytes) override { file_->DropCached(offset, bytes); }
  Status WriteAt(std::uint64_t offset, std::string_view bytes) override { return file_->WriteAt(offset, bytes); }
  Status Reserve(std::uint64_t offset, std::uint64_t bytes, io::Grain grain) override {
    return file_->Reserve(offset, bytes, grain);
  }
  Status Truncate(std::uint64_t bytes) override { return file_->Truncate(bytes); }
  Status Sync() override { return file_->Sync(); }
  Result<io::Mapping> Map(std::size_t bytes, io::Access access) override { return file_->Map(bytes, access); }
  std::uint64_t CacheIdentity() override { return file_->CacheIdentity(); }

 private:
  const std::unique_ptr<io::File> file_;
};

class ForwardingFileSystem : public io::FileSystem {
 public:
  Result<std::unique_ptr<io::File>> Open(const std::filesystem::path& path, io::OpenMode mode) override {
    auto file = io::PosixFileSystem().Open(path, mode);
    if (!file) return std::move(file).error();
    return OnOpen(path, mode, *std::move(file));
  }
  Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    return io::PosixFileSystem().Rename(from, to);
  }
  Status Remove(const std::filesystem::path& path) override { return io::PosixFileSystem().Remove(path); }
  Status Link(const std::filesystem::path& from, const std::filesystem::path& to) override {
    return io::PosixFileSystem().Link(from, to);
  }
  Result<bool> IsSameFile(const std::filesystem::path& a, const std::filesystem::path& b) override {
    return io::PosixFileSystem().IsSameFile(a, b);
  }
  Status SyncDirectory(const std::filesystem::path& directory) override {
    return io::PosixFileSystem().SyncDirectory(directory);
  }
  Status CreateDirectories(const std::filesystem::path& directory) override {
    return io::PosixFileSystem().CreateDirectories(directory);
  }
  Status RemoveDirectory(const std::filesystem::path& directory) override {
    return io::PosixFileSystem().RemoveDirectory(directory);
  }
  Result<std::vector<std::string>> List(const std::filesystem::path& directory) override {
    return io::PosixFileSystem().List(directory);
  }
  Result<bool> Exists(const std::filesystem::path& path) override { return io::PosixFileSystem().Exists(path); }
  Result<std::unique_ptr<io::DirectoryLock>> LockDirectory(const std::filesystem::path& directory) override {
    return io::PosixFileSystem().LockDirectory(directory);
  }

 protected:
  virtual Result<std::unique_ptr<io::File>> OnOpen(const std::filesystem::path&, io::OpenMode,
                                                   std::unique_ptr<io::File> file) {
    return file;
  }
};

}  // namespace kvs::test
