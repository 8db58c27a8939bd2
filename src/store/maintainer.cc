#include "store/maintainer.h"

#include <string>
#include <utility>

#include "base/system_error.h"
#include "base/try.h"
#include "log/file_names.h"
#include "log/hint_file.h"
#include "log/segment_writer.h"
#include "sync/thread.h"

namespace kvs::store {

Maintainer::Maintainer(LiveLog& log, ManifestKeeper& manifest, Health& health, io::FileSystem& files,
                       std::filesystem::path directory, const KvStoreOptions& options)
    : log_(log),
      manifest_(manifest),
      health_(health),
      files_(files),
      directory_(std::move(directory)),
      options_(options) {}

void Maintainer::Join() {
  if (room_thread_.joinable()) room_thread_.join();
  if (seal_thread_.joinable()) seal_thread_.join();
}

Status Maintainer::Start() {
  KVS_TRY_ASSIGN(room_thread_, sync::StartThread([this] { Run(&LiveLog::TakeRoomWork); }));
  KVS_TRY_ASSIGN(seal_thread_, sync::StartThread([this] { Run(&LiveLog::TakeSealWork); }));
  return Ok();
}

void Maintainer::Run(TakeWork take_work) {
  while (true) {
    std::optional<LiveLog::Work> work;
    {
      const sync::MutexLock lock(log_.mutex);
      while (!log_.is_stopped() && (health_.is_poisoned() || !(work = (log_.*take_work)()))) {
        log_.work_changed.Wait(log_.mutex);
      }
      if (log_.is_stopped()) return;
    }
    const Status status = Do(*work);
    if (status) continue;
    {
      const sync::MutexLock lock(log_.mutex);
      if (!base::IsPassing(status.error())) static_cast<void>(log_.Poison(status.error()));
      log_.FailWork(status.error());
    }
    if (options_.log) options_.log("cannot make room in the log: " + status.error().ToString());
  }
}

Status Maintainer::Do(const LiveLog::Work& work) {
  switch (work.kind) {
    case LiveLog::Work::Kind::kExtend: return Extend(work);
    case LiveLog::Work::Kind::kPrepareNext: return PrepareNext(work);
    case LiveLog::Work::Kind::kSeal: return Seal(work);
  }
  return Ok();
}

Status Maintainer::Extend(const LiveLog::Work& work) {
  const auto reserved_bytes = work.segment->writer->Extend(work.bytes, work.grain);
  const sync::MutexLock lock(log_.mutex);
  log_.FinishExtend(work, reserved_bytes);
  return reserved_bytes ? Ok() : Status(reserved_bytes.error());
}

// A segment that was prepared before and is too small is withdrawn first: nobody may begin to write to it while it
// goes.
Status Maintainer::PrepareNext(const LiveLog::Work& work) {
  log::SegmentHeader header{.segment_id = manifest_.TakeSegmentId()};
  std::shared_ptr<OpenSegment> replaced;
  {
    const sync::MutexLock lock(log_.mutex);
    header.base_sequence = log_.last_sequence() + 1;
    header.created_sequence = log_.last_sequence() + 1;
    replaced = log_.WithdrawNext();
  }
  std::optional<std::uint64_t> replaced_id;
  if (replaced != nullptr) replaced_id = replaced->writer->segment()->id();
  auto writer = CreateNext(work, header, replaced_id);
  {
    const sync::MutexLock lock(log_.mutex);
    if (!writer) {
      log_.ReturnNext(std::move(replaced));
      return std::move(writer).error();
    }
    log_.FinishNext(*std::move(writer), replaced.get());
  }
  // A file that is not in the manifest is nothing; the next opening removes it should this fail.
  if (replaced_id) static_cast<void>(files_.Remove(log::SegmentPath(directory_, *replaced_id)).has_value());
  return Ok();
}

// The manifest names the segment before the first record can be written to it.
Result<std::unique_ptr<log::SegmentWriter>> Maintainer::CreateNext(const LiveLog::Work& work,
                                                                   const log::SegmentHeader& header,
                                                                   std::optional<std::uint64_t> replaced_id) {
  KVS_TRY_ASSIGN(auto writer, log::SegmentWriter::Create(files_, directory_, header, work.capacity_bytes, work.bytes));
  const Status named = manifest_.Edit([&](log::Manifest& manifest) {
    if (replaced_id) manifest.Remove(*replaced_id);
    manifest.Add({.segment_id = header.segment_id, .sealed_bytes = 0});
  });
  if (named) return writer;
  if (base::IsPassing(named.error())) {  // After any other failure the manifest on the disk may name it.
    static_cast<void>(files_.Remove(log::SegmentPath(directory_, header.segment_id)).has_value());
  }
  return named.error();
}

Status Maintainer::Seal(const LiveLog::Work& work) {
  KVS_TRY_ASSIGN(const auto segment, work.segment->Seal());
  const std::uint64_t hint_bytes =
      work.segment->writer->IsHintWorthwhile() ? WriteHint(files_, directory_, *segment) : 0;
  KVS_TRY(manifest_.Edit([&](log::Manifest& manifest) {
    manifest.Find(segment->id())->sealed_bytes = segment->readable_bytes();
    manifest.sequence = work.segment->last_sequence;
  }));
  const sync::MutexLock lock(log_.mutex);
  log_.FinishSeal(segment, hint_bytes);
  return Ok();
}

std::uint64_t WriteHint(io::FileSystem& files, const std::filesystem::path& directory, const log::Segment& segment) {
  const auto bytes = log::EncodeHint(segment);
  if (!bytes) return 0;
  const auto written = files.WriteFileAtomically(log::HintPath(directory, segment.id()), *bytes);
  return written ? bytes->size() : 0;
}

}  // namespace kvs::store
