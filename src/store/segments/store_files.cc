#include "store/segments/store_files.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "log/file_names.h"
#include "log/hint_file.h"
#include "log/index_file.h"
#include "log/segment_header.h"

namespace kvs::store {
namespace {

constexpr std::size_t kHintBytesMax = std::size_t{1} << 30;
constexpr std::size_t kClockBytesMax = std::size_t{1} << 20;

Result<log::Manifest> ReadManifestFile(io::FileSystem& files, const std::filesystem::path& path) {
  KVS_TRY_ASSIGN(const std::string bytes, files.ReadFile(path, log::kManifestBytesMax));
  auto manifest = log::DecodeManifest(bytes);
  if (manifest) return manifest;
  if (!bytes.starts_with(log::kManifestMagic)) {
    return DamageIn(path, 0, "this is not a manifest of kvs. If others wrote it, choose another directory");
  }
  if (manifest.error().code == ErrorCode::kCorruption) return DamageIn(path, 0, manifest.error().context);
  Error error = std::move(manifest).error();
  error.context = path.string() + ": " + error.context;
  return error;
}

// A file with a segment's name but without the magic is not ours.
Result<bool> HoldsSegments(io::FileSystem& files, const std::filesystem::path& directory) {
  KVS_TRY_ASSIGN(const auto names, files.List(directory));
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return log::SegmentIdOfFileName(name) && !log::IsHintFileName(name) &&
           HasMagic(files, directory / name, log::kSegmentMagic);
  });
}

}  // namespace

Error DamageIn(const std::filesystem::path& file, std::uint64_t offset, const std::string& what) {
  return Error{.code = ErrorCode::kCorruption,
               .context = file.string() + " offset=" + std::to_string(offset) + ": " + what};
}

Result<std::optional<log::Manifest>> FindManifest(io::FileSystem& files, const std::filesystem::path& directory) {
  const std::filesystem::path path = log::ManifestPath(directory);
  KVS_TRY_ASSIGN(const bool exists, files.Exists(path));
  if (exists) return ReadManifestFile(files, path);
  KVS_TRY_ASSIGN(const bool has_segments, HoldsSegments(files, directory));
  if (has_segments) return DamageIn(path, 0, "the manifest is missing, but segments are there");
  return std::optional<log::Manifest>();
}

Result<log::Manifest> ReadManifest(io::FileSystem& files, const std::filesystem::path& directory) {
  KVS_TRY_ASSIGN(auto manifest, FindManifest(files, directory));
  if (manifest) return *std::move(manifest);
  return Error{.code = ErrorCode::kInvalidArgument,
               .context = "no store of the engine kvs is in " + directory.string()};
}

Result<std::vector<log::ManifestEntry>> ListSegments(io::FileSystem& files, const std::filesystem::path& directory) {
  KVS_TRY_ASSIGN(auto names, files.List(directory));
  std::sort(names.begin(), names.end());
  std::vector<log::ManifestEntry> entries;
  for (const std::string& name : names) {
    const auto id = log::SegmentIdOfFileName(name);
    if (id && !log::IsHintFileName(name)) entries.push_back({.segment_id = *id, .sealed_bytes = 0});
  }
  return entries;
}

bool HasMagic(io::FileSystem& files, const std::filesystem::path& path, std::string_view magic) {
  const auto file = files.Open(path, io::OpenMode::kRead);
  if (!file) return false;
  std::string begin(magic.size(), '\0');
  const auto read = (*file)->ReadAt(0, begin.data(), begin.size());
  return read && *read == magic.size() && begin == magic;
}

bool IsSavedIndexOurs(io::FileSystem& files, const std::filesystem::path& directory) {
  const std::filesystem::path path = log::IndexPath(directory);
  const std::string zeroes(log::kIndexFileMagic.size(), '\0');
  if (HasMagic(files, path, log::kIndexFileMagic) || HasMagic(files, path, zeroes)) return true;
  const auto file = files.Open(path, io::OpenMode::kRead);
  return file && (*file)->Size().value_or(1) == 0;
}

Result<HintFile> ReadHint(io::FileSystem& files, const std::filesystem::path& path, const log::Segment& segment) {
  HintFile hint;
  KVS_TRY_ASSIGN(hint.bytes, files.ReadFile(path, kHintBytesMax));
  auto records = log::DecodeHint(hint.bytes, segment);
  if (!records && records.error().code == ErrorCode::kUnsupported) return records.error();
  if (!records) return DamageIn(path, 0, records.error().context);
  hint.records = *std::move(records);
  return hint;
}

Result<log::ClockFile> ReadClockFile(io::FileSystem& files, const std::filesystem::path& directory) {
  const std::filesystem::path path = log::ClockPath(directory);
  KVS_TRY_ASSIGN(const std::string bytes, files.ReadFile(path, kClockBytesMax));
  auto clock = log::DecodeClockFile(bytes);
  if (clock) return clock;
  Error error = std::move(clock).error();
  error.context = path.string() + ": " + error.context;
  return error;
}

Status WriteClockFile(io::FileSystem& files, const std::filesystem::path& directory, const log::ClockFile& clock) {
  return files.WriteFileAtomically(log::ClockPath(directory), log::EncodeClockFile(clock));
}

}  // namespace kvs::store
