#include "log/segment.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/coding.h"
#include "base/hash.h"
#include "base/try.h"
#include "log/file_names.h"

namespace kvs::log {
namespace {

constexpr std::size_t kFingerprintBytes = 4096;

}  // namespace

Result<std::shared_ptr<Segment>> Segment::Open(io::FileSystem& files, const std::filesystem::path& directory,
                                               std::uint64_t id) {
  const std::filesystem::path path = SegmentPath(directory, id);
  auto opened = files.Open(path, io::OpenMode::kRead);
  if (!opened && opened.error().sys_errno == ENOENT) {
    return Error{.code = ErrorCode::kCorruption, .sys_errno = ENOENT, .context = path.string() + ": segment missing"};
  }
  KVS_TRY_ASSIGN(const auto file, std::move(opened));
  KVS_TRY_ASSIGN(const std::uint64_t bytes, file->Size());
  if (bytes < kSegmentHeaderBytes) {
    return Error{.code = ErrorCode::kCorruption, .context = path.string() + ": the file is too short for a segment"};
  }
  KVS_TRY_ASSIGN(io::Mapping mapping, file->Map(bytes, io::Access::kRead));
  auto header = DecodeSegmentHeader({mapping.data(), kSegmentHeaderBytes});
  if (!header) {
    Error error = std::move(header).error();
    error.context = path.string() + ": " + error.context;
    return error;
  }
  if (header->segment_id != id) {
    return Error{.code = ErrorCode::kCorruption,
                 .context = path.string() + ": the file is segment " + std::to_string(header->segment_id)};
  }
  const std::uint64_t noted = base::GetFixed64(mapping.data() + kCacheIdentityOffset);
  auto segment = std::make_shared<Segment>(*header, std::move(mapping), bytes);
  segment->was_kept_in_cache_ =
      header->has_cache_identity() && noted != 0 && noted == EncodeCacheIdentity(file->CacheIdentity(), id);
  return segment;
}

std::uint64_t Segment::Fingerprint(std::uint64_t bytes) const {
  const std::string_view head(mapping_.data(), kSyncedMarkOffset);
  const std::string_view records = BytesFrom(kSegmentHeaderBytes).substr(0, bytes - kSegmentHeaderBytes);
  const std::size_t part = std::min(records.size(), kFingerprintBytes);
  const std::uint64_t begin = base::Hash64(records.substr(0, part), base::Hash64(head, bytes));
  return base::Hash64(records.substr(records.size() - part), begin);
}

Result<std::uint64_t> Segment::SyncedBytes() const {
  return DecodeSyncedMark(base::GetFixed64(mapping_.data() + kSyncedMarkOffset), id());
}

}  // namespace kvs::log
