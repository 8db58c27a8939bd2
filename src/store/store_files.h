// The files of a store as its manifest names them, for those who only read them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "kvs/result.h"
#include "log/manifest.h"
#include "log/record_scan.h"
#include "log/segment.h"

namespace kvs::store {

// kInvalidArgument: there is no store in `directory`. kCorruption: there are segments without a manifest, or it is
// damaged.
Result<log::Manifest> ReadManifest(io::FileSystem& files, const std::filesystem::path& directory);

// What a hint file says; its keys point into `bytes`.
struct Hint {
  std::string bytes;
  std::vector<log::RecordSummary> records;
};
// kCorruption: the file is not the hint of this segment.
Result<Hint> ReadHint(io::FileSystem& files, const std::filesystem::path& path, const log::Segment& segment);

// kCorruption that names file and offset.
Error DamageIn(const std::filesystem::path& file, std::uint64_t offset, const std::string& what);

}  // namespace kvs::store
