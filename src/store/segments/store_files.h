// Reads the files of a store: the manifest, hint files, the clock file; and checks whether a file is one of kvs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"
#include "kvs/result.h"
#include "log/clock_file.h"
#include "log/manifest.h"
#include "log/record_scan.h"
#include "log/segment.h"

namespace kvs::store {

// nullopt: `directory` holds no store. kCorruption: the manifest is damaged, or there are segments but no manifest.
Result<std::optional<log::Manifest>> FindManifest(io::FileSystem& files, const std::filesystem::path& directory);

// As FindManifest, with kInvalidArgument for a directory that holds no store.
Result<log::Manifest> ReadManifest(io::FileSystem& files, const std::filesystem::path& directory);

// For a store without a readable manifest: all files that have the names of segments. None counts as sealed.
Result<std::vector<log::ManifestEntry>> ListSegments(io::FileSystem& files, const std::filesystem::path& directory);

// Whether the file at `path` begins with `magic`. False: it is not a file of kvs, or cannot be read.
bool HasMagic(io::FileSystem& files, const std::filesystem::path& path, std::string_view magic);

// Whether the file INDEX may be replaced or removed. A file of another program may not. An empty file, or one that
// begins with zeroes, is the saved index: a power cut leaves those, because it is not synced.
bool IsSavedIndexOurs(io::FileSystem& files, const std::filesystem::path& directory);

// A hint file's content; the keys of `records` point into `bytes`.
struct HintFile {
  std::string bytes;
  std::vector<log::RecordSummary> records;
};
// kCorruption: the file is not the hint of this segment.
Result<HintFile> ReadHint(io::FileSystem& files, const std::filesystem::path& path, const log::Segment& segment);

// Reads the clock file. kUnsupported: the file there must not be replaced.
Result<log::ClockFile> ReadClockFile(io::FileSystem& files, const std::filesystem::path& directory);
Status WriteClockFile(io::FileSystem& files, const std::filesystem::path& directory, const log::ClockFile& clock);

// The error kCorruption, which names file and offset.
Error DamageIn(const std::filesystem::path& file, std::uint64_t offset, const std::string& what);

}  // namespace kvs::store
