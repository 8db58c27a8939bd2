#include "io/file_system.h"

#include <utility>

#include "base/try.h"

namespace kvs::io {

namespace {

class DirectoryByName final : public Directory {
 public:
  DirectoryByName(FileSystem& files, std::filesystem::path path) : files_(files), path_(std::move(path)) {}
  Status Sync() override { return files_.SyncDirectory(path_); }

 private:
  FileSystem& files_;
  const std::filesystem::path path_;
};

}  // namespace

Result<std::unique_ptr<Directory>> FileSystem::OpenDirectory(const std::filesystem::path& directory) {
  return std::make_unique<DirectoryByName>(*this, directory);
}

Status FileSystem::WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path temporary = path.string() + ".tmp";
  KVS_TRY_ASSIGN(const auto directory, OpenDirectory(path.parent_path()));
  Status status = WriteFile(temporary, bytes);
  if (status) status = Rename(temporary, path);
  if (!status) {
    static_cast<void>(Remove(temporary).has_value());  // It takes room, and a lack of room may be the cause.
    return status;
  }
  status = directory->Sync();
  // Whatever the cause, it is unknown which of the two files a crash would leave.
  if (!status) status.error().code = ErrorCode::kIo;
  return status;
}

Status FileSystem::WriteFile(const std::filesystem::path& path, std::string_view bytes) {
  KVS_TRY_ASSIGN(const auto file, Open(path, OpenMode::kCreate));
  KVS_TRY(file->WriteAt(0, bytes));
  return file->Sync();
}

Result<std::string> FileSystem::ReadFile(const std::filesystem::path& path, std::size_t bytes_max) {
  KVS_TRY_ASSIGN(const auto file, Open(path, OpenMode::kRead));
  KVS_TRY_ASSIGN(const std::uint64_t size, file->Size());
  if (size > bytes_max) {
    return Error{.code = ErrorCode::kInvalidArgument, .context = path.string() + " is larger than such a file can be"};
  }
  std::string bytes(size, '\0');
  KVS_TRY_ASSIGN(const std::size_t read, file->ReadAt(0, bytes.data(), bytes.size()));
  bytes.resize(read);
  return bytes;
}

}  // namespace kvs::io
