#include "io/file_system.h"

#include "base/try.h"

namespace kvs::io {

Status FileSystem::WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path temporary = path.string() + ".tmp";
  Status status = WriteSynced(temporary, bytes);
  if (status) status = Rename(temporary, path);
  if (!status) {
    // What was written would keep room taken on a disk that may be full. Should this fail too, the next call reuses it.
    static_cast<void>(Remove(temporary).has_value());
    return status;
  }
  return SyncDirectory(path.parent_path());
}

Status FileSystem::WriteSynced(const std::filesystem::path& path, std::string_view bytes) {
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
