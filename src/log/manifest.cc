#include "log/manifest.h"

#include <algorithm>

#include "base/check.h"
#include "base/coding.h"
#include "base/hash.h"
#include "base/try.h"

namespace kvs::log {
namespace {

constexpr std::size_t kVersionOffset = 8;
constexpr std::size_t kChecksumOffset = 12;
constexpr std::size_t kNextIdOffset = 16;
constexpr std::size_t kSequenceOffset = 24;
constexpr std::size_t kSegmentsOffset = 32;

bool IdLess(const ManifestEntry& entry, std::uint64_t id) { return entry.segment_id < id; }

Error Damaged(const std::string& what) { return Error{.code = ErrorCode::kCorruption, .context = "MANIFEST: " + what}; }

// The checksum of format 1 does not cover the version. Those of all later formats do.
std::uint32_t ChecksumOfFormat1(std::string_view bytes) { return base::Checksum32(bytes.substr(kNextIdOffset)); }
std::uint32_t ChecksumOfLaterFormats(std::string_view bytes) {
  return base::Checksum32(bytes.substr(kNextIdOffset), base::Hash64(bytes.substr(0, kChecksumOffset)));
}

// Trusts a version only if a checksum confirms it.
Status CheckVersion(std::string_view bytes) {
  const std::uint32_t version = base::GetFixed32(bytes.data() + kVersionOffset);
  const std::uint32_t checksum = base::GetFixed32(bytes.data() + kChecksumOffset);
  if (version == kManifestVersion && checksum == ChecksumOfFormat1(bytes)) return Ok();
  if (version <= kManifestVersion || checksum != ChecksumOfLaterFormats(bytes)) return Damaged("the checksum differs");
  return Error{.code = ErrorCode::kUnsupported,
               .context = "MANIFEST has format " + std::to_string(version) + ", this build reads format 1"};
}

}  // namespace

void Manifest::Add(const ManifestEntry& entry) {
  const auto at = std::lower_bound(segments.begin(), segments.end(), entry.segment_id, IdLess);
  KVS_CHECK(at == segments.end() || at->segment_id != entry.segment_id);
  segments.insert(at, entry);
}

void Manifest::Remove(std::uint64_t segment_id) {
  const ManifestEntry* const entry = Find(segment_id);
  if (entry != nullptr) segments.erase(segments.begin() + (entry - segments.data()));
}

ManifestEntry* Manifest::Find(std::uint64_t segment_id) {
  const auto at = std::lower_bound(segments.begin(), segments.end(), segment_id, IdLess);
  return at != segments.end() && at->segment_id == segment_id ? &*at : nullptr;
}

std::string EncodeManifest(const Manifest& manifest) {
  std::string bytes(kManifestHeaderBytes + manifest.segments.size() * kManifestEntryBytes, '\0');
  bytes.replace(0, kManifestMagic.size(), kManifestMagic);
  base::PutFixed32(bytes.data() + kVersionOffset, kManifestVersion);
  base::PutFixed64(bytes.data() + kNextIdOffset, manifest.next_segment_id);
  base::PutFixed64(bytes.data() + kSequenceOffset, manifest.sequence);
  base::PutFixed64(bytes.data() + kSegmentsOffset, manifest.segments.size());
  char* at = bytes.data() + kManifestHeaderBytes;
  for (const ManifestEntry& entry : manifest.segments) {
    base::PutFixed64(at, entry.segment_id);
    base::PutFixed64(at + 8, entry.sealed_bytes);
    at += kManifestEntryBytes;
  }
  base::PutFixed32(bytes.data() + kChecksumOffset, ChecksumOfFormat1(bytes));
  return bytes;
}

Result<Manifest> DecodeManifest(std::string_view bytes) {
  if (bytes.size() < kManifestHeaderBytes || !bytes.starts_with(kManifestMagic)) return Damaged("the magic differs");
  KVS_TRY(CheckVersion(bytes));
  Manifest manifest{.next_segment_id = base::GetFixed64(bytes.data() + kNextIdOffset),
                    .sequence = base::GetFixed64(bytes.data() + kSequenceOffset),
                    .segments = {}};
  const std::uint64_t segments = base::GetFixed64(bytes.data() + kSegmentsOffset);
  if ((bytes.size() - kManifestHeaderBytes) / kManifestEntryBytes != segments ||
      (bytes.size() - kManifestHeaderBytes) % kManifestEntryBytes != 0) {
    return Damaged("the number of segments differs");
  }
  for (std::uint64_t i = 0; i < segments; ++i) {
    const char* const at = bytes.data() + kManifestHeaderBytes + i * kManifestEntryBytes;
    const ManifestEntry entry{.segment_id = base::GetFixed64(at), .sealed_bytes = base::GetFixed64(at + 8)};
    const bool is_in_order = manifest.segments.empty() || manifest.segments.back().segment_id < entry.segment_id;
    if (!is_in_order || entry.segment_id >= manifest.next_segment_id)
      return Damaged("the segment ids are out of order");
    manifest.segments.push_back(entry);
  }
  return manifest;
}

}  // namespace kvs::log
