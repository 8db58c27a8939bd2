#include "io/file_system.h"

#include "base/try.h"

namespace kvs::io {

Status FileSystem::WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path temporary = path.string() + ".tmp";
  {
    KVS_TRY_ASSIGN(const auto file, Open(temporary, OpenMode::kCreate));
    KVS_TRY(file->WriteAt(0, bytes));
    KVS_TRY(file->Sync());
  }
  KVS_TRY(Rename(temporary, path));
  Status synced = SyncDirectory(path.parent_path());
  // The new file stands, but may not survive: kNoSpace would say that the old one does.
  if (!synced && synced.error().code == ErrorCode::kNoSpace) synced.error().code = ErrorCode::kIo;
  return synced;
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
