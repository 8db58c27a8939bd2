#include "store/store_files.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "log/file_names.h"
#include "log/hint_file.h"

namespace kvs::store {
namespace {

constexpr std::size_t kHintBytesMax = std::size_t{1} << 30;

}  // namespace

Error DamageIn(const std::filesystem::path& file, std::uint64_t offset, const std::string& what) {
  return Error{.code = ErrorCode::kCorruption,
               .context = file.string() + " offset=" + std::to_string(offset) + ": " + what};
}

Result<log::Manifest> ReadManifest(io::FileSystem& files, const std::filesystem::path& directory) {
  const std::filesystem::path path = log::ManifestPath(directory);
  KVS_TRY_ASSIGN(const bool exists, files.Exists(path));
  if (!exists) {
    KVS_TRY_ASSIGN(const auto names, files.List(directory));
    const bool has_segments = std::any_of(
        names.begin(), names.end(), [](const std::string& name) { return log::SegmentIdOfFileName(name).has_value(); });
    if (has_segments) return DamageIn(path, 0, "the manifest is missing, but segments are there");
    return Error{.code = ErrorCode::kInvalidArgument,
                 .context = "no store of the engine kvs is in " + directory.string()};
  }
  KVS_TRY_ASSIGN(const std::string bytes, files.ReadFile(path, log::kManifestBytesMax));
  auto manifest = log::DecodeManifest(bytes);
  if (!manifest && manifest.error().code == ErrorCode::kCorruption) {
    return DamageIn(path, 0, manifest.error().context);
  }
  return manifest;
}

Result<Hint> ReadHint(io::FileSystem& files, const std::filesystem::path& path, const log::Segment& segment) {
  Hint hint;
  KVS_TRY_ASSIGN(hint.bytes, files.ReadFile(path, kHintBytesMax));
  auto records = log::DecodeHint(hint.bytes, segment);
  if (!records) return DamageIn(path, 0, records.error().context);
  hint.records = *std::move(records);
  return hint;
}

}  // namespace kvs::store
