#include "store/tail/maintainer.h"

#include <string>
#include <utility>

#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "io/mapped/mapping_limit.h"
#include "log/file_names.h"
#include "log/hint_file.h"
#include "log/segment_writer.h"
#include "sync/thread.h"

namespace kvs::store {

Maintainer::Maintainer(LiveLog& log, ManifestKeeper& manifest, Health& health, io::FileSystem& files, Reserve& reserve,
                       std::filesystem::path directory, const KvStoreOptions& options)
    : log_(log),
      manifest_(manifest),
      health_(health),
      files_(files),
      reserve_(reserve),
      directory_(std::move(directory)),
      options_(options) {}

void Maintainer::Join() {
  sync::Join(room_thread_);
  sync::Join(seal_thread_);
}

Status Maintainer::Start() {
  KVS_TRY_ASSIGN(room_thread_, sync::StartThread([this] { Run(Job::kRoom); }));
  KVS_TRY_ASSIGN(seal_thread_, sync::StartThread([this] { Run(Job::kSeal); }));
  return Ok();
}

void Maintainer::Run(Job job) {
  while (true) {
    const Task task = NextTask(job);
    for (const std::string& line : task.news) {
      if (options_.log) options_.log(line);
    }
    if (task.is_last) return;
    if (!task.work) continue;
    const Status status = Do(*task.work);
    const AppendLock::Held held(log_.lock);
    const bool is_over = status || base::IsPassing(status.error());
    KVS_PROBE_IF(!is_over, "failure in the background poisons the store");
    if (!is_over) static_cast<void>(log_.space.Poison(held, status.error()));
    log_.tail.EndWork(held, job, is_over ? status : Ok());
  }
}

Maintainer::Task Maintainer::NextTask(Job job) {
  const AppendLock::Held held(log_.lock);
  Task task;
  while (true) {
    if (job == Job::kRoom) task.news = log_.space.room(held).TakeNews();
    task.is_last = log_.space.is_stopped(held);
    if (!task.is_last && !health_.is_poisoned()) {
      task.work = job == Job::kRoom ? log_.tail.TakeRoomWork(held) : log_.tail.TakeSealWork(held);
    }
    if (task.is_last || task.work || !task.news.empty()) return task;
    const auto retry_at = log_.space.room(held).RetryAt(job);
    if (retry_at && *retry_at > RoomState::Clock::now() && !health_.is_poisoned()) {
      held.WaitUntil(log_.space.work_changed, *retry_at);
    } else {
      held.WaitFor(log_.space.work_changed);
    }
  }
}

Status Maintainer::Do(const LogTail::Work& work) {
  if (work.reserve_bytes > 0) KVS_TRY(HoldReserve(work.reserve_bytes));
  switch (work.kind) {
    case LogTail::Work::Kind::kExtend: return Extend(work);
    case LogTail::Work::Kind::kPrepareNext: return PrepareNext(work);
    case LogTail::Work::Kind::kHoldReserve: return Ok();
    case LogTail::Work::Kind::kSeal: return Seal(work);
  }
  return Ok();
}

Status Maintainer::HoldReserve(std::uint64_t bytes) {
  KVS_TRY(reserve_.Hold(bytes));
  const AppendLock::Held held(log_.lock);
  if (log_.space.reserve(held) != ReserveState::kHeld) log_.tail.NoteReserve(held, ReserveState::kHeld);
  return Ok();
}

Status Maintainer::CallOrUseReserve(const LogTail::Work& work, FunctionRef<Status()> call) {
  Status status = call();
  if (status || !work.may_use_reserve() || !base::IsDiskFull(status.error()) || !reserve_.GiveUp()) return status;
  {
    const AppendLock::Held held(log_.lock);
    KVS_PROBE("reserve is given up for a removal");
    log_.tail.NoteReserve(held, ReserveState::kGivenUp);
  }
  return call();
}

Status Maintainer::Extend(const LogTail::Work& work) {
  Result<std::uint64_t> reserved_bytes = 0;
  const Status status = CallOrUseReserve(work, [&] {
    reserved_bytes = work.segment->writer->Extend(work.bytes, work.grain);
    return reserved_bytes ? Ok() : Status(reserved_bytes.error());
  });
  const AppendLock::Held held(log_.lock);
  log_.tail.FinishExtend(held, work, reserved_bytes);
  return status;
}

// A segment that was prepared before and is too small is withdrawn first: nobody may begin to write to it while it
// goes.
Status Maintainer::PrepareNext(const LogTail::Work& work) {
  log::SegmentHeader header{.segment_id = manifest_.TakeSegmentId()};
  std::shared_ptr<OpenSegment> replaced;
  {
    const AppendLock::Held held(log_.lock);
    header.base_sequence = log_.tail.last_sequence(held) + 1;
    header.created_sequence = log_.tail.last_sequence(held) + 1;
    replaced = log_.tail.WithdrawNext(held);
  }
  std::optional<std::uint64_t> replaced_id;
  KVS_PROBE_IF(replaced != nullptr, "prepared segment is replaced");
  if (replaced != nullptr) replaced_id = replaced->writer->segment()->id();
  std::unique_ptr<log::SegmentWriter> writer;
  const Status created = CallOrUseReserve(work, [&]() -> Status {
    KVS_TRY_ASSIGN(writer, CreateNext(work, header, replaced_id));
    return Ok();
  });
  {
    const AppendLock::Held held(log_.lock);
    if (!created) {
      KVS_PROBE("next segment could not be made");
      KVS_PROBE_IF(replaced != nullptr, "prepared segment is put back");
      log_.tail.ReturnNext(held, std::move(replaced));
      return created.error();
    }
    log_.tail.FinishNext(held, std::move(writer), replaced.get());
  }
  // A file that is not in the manifest is nothing; the next opening removes it should this fail.
  if (replaced_id) static_cast<void>(files_.Remove(log::SegmentPath(directory_, *replaced_id)).has_value());
  return Ok();
}

// The manifest names the segment before the first record can be written to it. Segments take mappings one by one, so
// that it does to look now and then whether enough are left for others; removals may have one of those.
Result<std::unique_ptr<log::SegmentWriter>> Maintainer::CreateNext(const LogTail::Work& work,
                                                                   const log::SegmentHeader& header,
                                                                   std::optional<std::uint64_t> replaced_id) {
  if (!work.may_use_reserve()) {
    if (unchecked_segments_ == 0) KVS_TRY(io::CheckFreeMappings());
    unchecked_segments_ = (unchecked_segments_ + 1) % kSegmentsPerCheck;
  }
  KVS_TRY_ASSIGN(auto writer, log::SegmentWriter::Create(files_, directory_, header, work.capacity_bytes, work.bytes));
  const Status named = manifest_.Edit([&](log::Manifest& manifest) {
    if (replaced_id) manifest.Remove(*replaced_id);
    manifest.Add({.segment_id = header.segment_id, .sealed_bytes = 0});
  });
  if (named) return writer;
  if (base::IsPassing(named.error())) {  // After any other failure the manifest on the disk may name it.
    KVS_PROBE("no room to name the next segment");
    static_cast<void>(files_.Remove(log::SegmentPath(directory_, header.segment_id)).has_value());
  }
  return named.error();
}

Status Maintainer::Seal(const LogTail::Work& work) {
  KVS_TRY_ASSIGN(const auto segment, work.segment->Seal());
  const auto note = [&](log::Manifest& manifest) {
    manifest.Find(segment->id())->sealed_bytes = segment->readable_bytes();
    manifest.sequence = work.segment->last_sequence;
  };
  KVS_TRY(CallOrUseReserve(work, [&] { return manifest_.Edit(note); }));
  const std::uint64_t hint_bytes = WriteHint(files_, directory_, *segment, work.segment->writer->hint_outline(), log_);
  const AppendLock::Held held(log_.lock);
  log_.tail.FinishSeal(held, segment, hint_bytes);
  return Ok();
}

std::uint64_t WriteHint(io::FileSystem& files, const std::filesystem::path& directory, const log::Segment& segment,
                        const log::HintOutline& outline, LiveLog& log) {
  if (!outline.IsWorthwhile(segment.readable_bytes())) return 0;
  {
    const AppendLock::Held held(log.lock);
    KVS_PROBE_IF(log.space.reserve(held) != ReserveState::kHeld, "no hint file while the reserve is away");
    if (log.space.reserve(held) != ReserveState::kHeld) return 0;
  }
  const auto written = base::OrNoMemory([&]() -> Result<std::uint64_t> {
    KVS_TRY_ASSIGN(const std::string bytes, log::EncodeHint(segment, outline));
    KVS_TRY(files.WriteFileAtomically(log::HintPath(directory, segment.id()), bytes));
    return bytes.size();
  });
  KVS_PROBE_IF(!written, "hint file could not be written");
  return written.value_or(0);
}

}  // namespace kvs::store
