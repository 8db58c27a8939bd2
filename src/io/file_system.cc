#include "io/file_system.h"

#include "base/try.h"

namespace kvs::io {

Status FileSystem::WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path temporary = path.string() + ".tmp";
  Status status = WriteFile(temporary, bytes);
  if (status) status = Rename(temporary, path);
  if (!status) {
    static_cast<void>(Remove(temporary).has_value());  // It takes room, which may be what was missing.
    return status;
  }
  status = SyncDirectory(path.parent_path());
  // Whatever the cause: nobody knows any more which of the two files a crash would leave.
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
    return Error{.code = ErrorCode::kInvalidArgument, .context = path.string() + " is larger than any of its kind"};
  }
  std::string bytes(size, '\0');
  KVS_TRY_ASSIGN(const std::size_t read, file->ReadAt(0, bytes.data(), bytes.size()));
  bytes.resize(read);
  return bytes;
}

}  // namespace kvs::io
