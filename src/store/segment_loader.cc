#include "store/segment_loader.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "log/file_names.h"
#include "log/segment_header.h"
#include "store/store_files.h"

namespace kvs::store {

SegmentLoader::SegmentLoader(io::FileSystem& files, std::filesystem::path directory, std::vector<Source> sources)
    : files_(files),
      directory_(std::move(directory)),
      sources_(std::move(sources)),
      window_(std::size_t{2} * std::max(1U, std::thread::hardware_concurrency())),
      loaded_(sources_.size()) {
  const std::size_t workers = std::min<std::size_t>(window_ / 2, sources_.size());
  for (std::size_t i = 0; i < workers; ++i) workers_.emplace_back([this] { Work(); });
}

SegmentLoader::~SegmentLoader() {
  {
    const sync::MutexLock lock(mutex_);
    stops_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& worker : workers_) worker.join();
}

Result<LoadedSegment> SegmentLoader::Next() {
  const sync::MutexLock lock(mutex_);
  KVS_CHECK(returned_ < loaded_.size());
  while (!loaded_[returned_]) changed_.Wait(mutex_);
  Result<LoadedSegment> result = *std::exchange(loaded_[returned_], std::nullopt);
  ++returned_;
  changed_.NotifyAll();
  return result;
}

void SegmentLoader::Work() {
  while (const auto index = Take()) {
    Result<LoadedSegment> loaded = Load(sources_[*index]);
    const sync::MutexLock lock(mutex_);
    loaded_[*index] = std::move(loaded);
    changed_.NotifyAll();
  }
}

std::optional<std::size_t> SegmentLoader::Take() {
  const sync::MutexLock lock(mutex_);
  while (!stops_ && taken_ < sources_.size() && taken_ >= returned_ + window_) changed_.Wait(mutex_);
  if (stops_ || taken_ == sources_.size()) return std::nullopt;
  return taken_++;
}

Result<LoadedSegment> SegmentLoader::Load(const Source& source) const {
  if (source.is_sealed) {
    if (auto loaded = LoadHint(*source.segment)) return *std::move(loaded);
  }
  LoadedSegment loaded;
  const std::uint64_t bad =
      log::ScanRecords(*source.segment, log::kSegmentHeaderBytes, source.bytes,
                       [&](const log::RecordSummary& record) { loaded.records.push_back(record); });
  if (bad != source.bytes) {
    return Error{.code = ErrorCode::kCorruption,
                 .context = log::SegmentPath(directory_, source.segment->id()).string() +
                            " offset=" + std::to_string(bad) + ": the record is not what was written"};
  }
  return loaded;
}

// Any doubt about the hint file is answered by reading the segment.
std::optional<LoadedSegment> SegmentLoader::LoadHint(const log::Segment& segment) const {
  const std::filesystem::path path = log::HintPath(directory_, segment.id());
  const auto exists = files_.Exists(path);
  if (!exists || !*exists) return std::nullopt;
  auto hint = ReadHint(files_, path, segment);
  if (!hint) return std::nullopt;
  LoadedSegment loaded{.records = std::move(hint->records), .hint = std::move(hint->bytes)};
  loaded.hint_bytes = loaded.hint.size();
  return loaded;
}

}  // namespace kvs::store
