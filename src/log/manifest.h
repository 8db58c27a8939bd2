// Manifest, format 1: which segments the store consists of. Little-endian; the file is replaced as a whole.
//
//   offset  size  field
//        0     8  magic             "KVS.MAN\n"
//        8     4  version           1
//       12     4  checksum          XXH3, low 32 bits, over all that follows; in a later format over the bytes 0..11 as
//                                   well, so that a damaged version is not taken for a later format
//       16     8  next_segment_id   above every id that was ever used
//       24     8  sequence          at least the highest of any record in a sealed segment; never goes back
//       32     8  segments          how many entries follow
//       40     -  entries, by rising id: segment_id u64, sealed_bytes u64 (the exact length of the file; 0: open)
//
// A file that the manifest does not name is not part of the store, whatever it holds. Open segments are those that may
// be appended to: at most the last two that were in use when the store stopped, and one prepared ahead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/result.h"

namespace kvs::log {

inline constexpr std::string_view kManifestMagic = "KVS.MAN\n";
inline constexpr std::uint32_t kManifestVersion = 1;
inline constexpr std::size_t kManifestHeaderBytes = 40;
inline constexpr std::size_t kManifestEntryBytes = 16;
inline constexpr std::size_t kManifestBytesMax = std::size_t{64} << 20;

struct ManifestEntry {
  std::uint64_t segment_id = 0;
  std::uint64_t sealed_bytes = 0;  // 0: open.

  bool is_sealed() const { return sealed_bytes != 0; }
  friend bool operator==(const ManifestEntry&, const ManifestEntry&) = default;
};

struct Manifest {
  std::uint64_t next_segment_id = 1;
  std::uint64_t sequence = 0;
  std::vector<ManifestEntry> segments;  // By rising id.

  void Add(const ManifestEntry& entry);
  void Remove(std::uint64_t segment_id);
  ManifestEntry* Find(std::uint64_t segment_id);  // nullptr: not part of the store.

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

std::string EncodeManifest(const Manifest& manifest);

// kCorruption where any byte is not as it was written; kUnsupported for a version this build does not know.
Result<Manifest> DecodeManifest(std::string_view bytes);

}  // namespace kvs::log
