#include "store/recovery/leftovers.h"

#include <algorithm>
#include <utility>

#include "base/probe.h"
#include "base/try.h"
#include "log/file_names.h"
#include "log/hint_file.h"
#include "log/record_scan.h"
#include "log/segment.h"
#include "log/segment_header.h"
#include "store/segments/store_files.h"

namespace kvs::store {
namespace {

// No store reaches this id, so a file with a higher number in its name is never in the way.
constexpr std::uint64_t kSegmentIdMax = std::uint64_t{1} << 62;

constexpr int kNamesAsideMax = 1'000;

bool IsAllZero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

// True if the file is empty or all zeroes: its creation was interrupted before it got a header.
bool HoldsNothing(io::FileSystem& files, const std::filesystem::path& path) {
  const auto file = files.Open(path, io::OpenMode::kRead);
  if (!file) return false;
  const auto bytes = (*file)->Size();
  if (!bytes) return false;
  if (*bytes == 0) return true;
  const auto mapping = (*file)->Map(*bytes, io::Access::kRead);
  return mapping && IsAllZero({mapping->data(), *bytes}) && mapping->FaultCount() == 0;
}

// True if the store loses nothing without the segment: I1.
bool IsNeedless(const log::Segment& segment, std::uint64_t last_sequence) {
  std::uint64_t highest = 0;
  const std::uint64_t end =
      log::ScanRecords(segment, log::kSegmentHeaderBytes, segment.readable_bytes(),
                       [&](const log::RecordSummary& record) { highest = std::max(highest, record.sequence); });
  if (highest > last_sequence) return false;
  return IsAllZero(segment.BytesFrom(end)) || segment.header().run != 0;
}

class Clearing {
 public:
  Clearing(io::FileSystem& files, const std::filesystem::path& directory, std::uint64_t last_sequence,
           const std::function<void(const std::string&)>& log)
      : files_(files), directory_(directory), last_sequence_(last_sequence), log_(log) {}

  // Removes a file that the manifest does not name, sets it aside, or leaves it. True: no new segment may get its id.
  bool StaysAsSegment(const std::string& name, std::uint64_t id) {
    const std::filesystem::path path = directory_ / name;
    if (HoldsNothing(files_, path)) {
      KVS_PROBE("segment without a header is removed");
      return !Remove(name);
    }
    if (!HasMagic(files_, path, log::kSegmentMagic)) {
      KVS_PROBE("file of others has a name of a segment");
      Tell(path.string() + " is not a file of kvs, and stays");
      return true;
    }
    const auto segment = log::Segment::Open(files_, directory_, id);
    if (segment && IsNeedless(**segment, last_sequence_)) {
      KVS_PROBE("segment that the log can do without is removed");
      return !Remove(name);
    }
    SetAside(path);
    return true;
  }

  bool StaysAsHint(const std::string& name) {
    if (HoldsNothing(files_, directory_ / name) || HasMagic(files_, directory_ / name, log::kHintMagic)) {
      return !Remove(name);
    }
    return true;
  }

  bool Remove(const std::string& name) { return files_.Remove(directory_ / name).has_value(); }

 private:
  void SetAside(const std::filesystem::path& path) {
    for (int i = 1; i <= kNamesAsideMax; ++i) {
      const std::string aside = path.string() + ".aside" + (i == 1 ? "" : "-" + std::to_string(i));
      const auto exists = files_.Exists(aside);
      KVS_PROBE_IF(exists && *exists, "name to set aside is taken");
      if (!exists || *exists) continue;
      if (!files_.Rename(path, aside)) break;
      KVS_PROBE("segment is set aside");
      Tell(path.string() + " is not part of the store and holds records that its log does not have, perhaps as an " +
           "older MANIFEST was put back: set aside as " + aside);
      return;
    }
    Tell(path.string() + " is not part of the store, holds records that its log does not have, and stays");
  }

  void Tell(const std::string& line) const {
    if (log_) log_(line);
  }

  io::FileSystem& files_;
  const std::filesystem::path& directory_;
  const std::uint64_t last_sequence_;
  const std::function<void(const std::string&)>& log_;
};

}  // namespace

Status ClearLeftovers(io::FileSystem& files, const std::filesystem::path& directory, std::uint64_t last_sequence,
                      const std::function<void(const std::string&)>& log, log::Manifest* manifest) {
  Clearing clearing(files, directory, last_sequence, log);
  KVS_TRY_ASSIGN(const auto names, files.List(directory));
  for (const std::string& name : names) {
    if (log::IsTemporaryFileName(name)) {
      KVS_PROBE("temporary file is removed");
      clearing.Remove(name);
      continue;
    }
    const auto id = log::SegmentIdOfFileName(name);
    if (!id || manifest->Find(*id) != nullptr) continue;
    const bool stays = log::IsHintFileName(name) ? clearing.StaysAsHint(name) : clearing.StaysAsSegment(name, *id);
    if (stays && *id < kSegmentIdMax) manifest->next_segment_id = std::max(manifest->next_segment_id, *id + 1);
  }
  return Ok();
}

}  // namespace kvs::store
