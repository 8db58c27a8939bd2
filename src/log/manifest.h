// Manifest, format 1: the list of the store's segments. Little-endian; the file is replaced as a whole.
//
//   offset  size  field
//        0     8  magic             "KVS.MAN\n"
//        8     4  version           1
//       12     4  checksum          XXH3, low 32 bits, over all that follows. A later format also covers bytes
//                                   0..11, so that a damaged version is not taken for a later format
//       16     8  next_segment_id   above every id ever used
//       24     8  sequence          at least the highest of any record in a sealed segment; never decreases
//       32     8  segments          number of entries
//       40     -  entries, in ascending order of id: segment_id u64, sealed_bytes u64. The latter is the exact
//                 length of the file; 0: open
//
// A file that is not in the manifest is not part of the store, whatever it holds. An open segment may be appended to.
// At most three are open: the last two in use when the store stopped, and one prepared ahead.
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
  std::vector<ManifestEntry> segments;  // In ascending order of id.

  void Add(const ManifestEntry& entry);
  void Remove(std::uint64_t segment_id);
  ManifestEntry* Find(std::uint64_t segment_id);  // nullptr: not part of the store.

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

std::string EncodeManifest(const Manifest& manifest);

// kCorruption: any byte is wrong. kUnsupported: a version that this build does not know.
Result<Manifest> DecodeManifest(std::string_view bytes);

}  // namespace kvs::log
