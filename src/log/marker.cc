#include "log/marker.h"

#include <cstddef>

#include "base/check.h"
#include "base/try.h"
#include "log/file_names.h"

namespace kvs::log {
namespace {

constexpr std::size_t kNameBytesMax = 32;
constexpr std::size_t kMarkerReadBytesMax = 4'096;  // Enough to distinguish a marker from other files.
constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789_-";

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         text.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

Error NoMarker(const std::filesystem::path& path) {
  return {.code = ErrorCode::kCorruption,
          .context = path.string() + " does not name an engine. If you know which engine wrote this data, write its " +
                     "name there, for example: echo kvs > " + path.string()};
}

}  // namespace

Result<std::optional<std::string>> ReadMarker(io::FileSystem& file_system, const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kMarkerFileName;
  KVS_TRY_ASSIGN(const bool is_there, file_system.Exists(path));
  if (!is_there) return std::optional<std::string>();

  Result<std::string> contents = file_system.ReadFile(path, kMarkerReadBytesMax);
  if (!contents && contents.error().code == ErrorCode::kInvalidArgument) return NoMarker(path);
  if (!contents) return std::move(contents).error();
  if (!contents->ends_with('\n')) return NoMarker(path);
  contents->pop_back();
  if (!IsName(*contents)) return NoMarker(path);
  return std::optional<std::string>(*std::move(contents));
}

Status WriteMarker(io::FileSystem& file_system, const std::filesystem::path& directory, std::string_view name) {
  KVS_CHECK(IsName(name));
  return file_system.WriteFileAtomically(directory / kMarkerFileName, std::string(name) + "\n");
}

}  // namespace kvs::log
