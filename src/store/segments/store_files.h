// The files of a store as its manifest names them, for parts that only read them.
#pragma once

#include <cstdint>
#include <filesystem>
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

// kInvalidArgument: there is no store in `directory`. kCorruption: there are segments without a manifest, or it is
// damaged.
Result<log::Manifest> ReadManifest(io::FileSystem& files, const std::filesystem::path& directory);

// Whether the file at `path` begins with the magic of its kind. No: it is not ours, or cannot be read.
bool HasMagic(io::FileSystem& files, const std::filesystem::path& path, std::string_view magic);

// Whether the saved index may be replaced or removed: a file INDEX of others may not. One that begins with zeroes, or
// is empty, is what a power cut leaves of ours, which is not synced.
bool IsSavedIndexOurs(io::FileSystem& files, const std::filesystem::path& directory);

// Whether there are segments in `directory`. What has the name of one and not its magic is not ours.
Result<bool> HoldsSegments(io::FileSystem& files, const std::filesystem::path& directory);

// Its errors name `path`.
Result<log::Manifest> ReadManifestFile(io::FileSystem& files, const std::filesystem::path& path);

// What a hint file says; its keys point into `bytes`.
struct Hint {
  std::string bytes;
  std::vector<log::RecordSummary> records;
};
// kCorruption: the file is not the hint of this segment.
Result<Hint> ReadHint(io::FileSystem& files, const std::filesystem::path& path, const log::Segment& segment);

// The clock file. kUnsupported: the file there is not one that may be replaced.
Result<log::ClockFile> ReadClockFile(io::FileSystem& files, const std::filesystem::path& directory);
Status WriteClockFile(io::FileSystem& files, const std::filesystem::path& directory, const log::ClockFile& clock);

// kCorruption that names file and offset.
Error DamageIn(const std::filesystem::path& file, std::uint64_t offset, const std::string& what);

}  // namespace kvs::store
