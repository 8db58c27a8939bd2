#include "store/compaction/compactor.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "sync/schedule.h"
#include "sync/thread.h"

namespace kvs::store {

void Compactor::Join() { sync::Join(thread_); }

Status Compactor::Start() {
  KVS_TRY_ASSIGN(thread_, sync::StartThread([this] { RunThread(); }));
  return Ok();
}

Status Compactor::Compact() {
  const AppendLock::Held held(parts_.log.lock);
  const std::uint64_t request = ++requests_;
  parts_.log.space.compaction_wanted.NotifyAll();
  while (answered_ < request && !parts_.log.space.is_stopped(held)) held.WaitFor(parts_.log.space.compaction_wanted);
  if (answered_ < request) return Error{.code = ErrorCode::kPoisoned, .context = "the store is closing"};
  return last_answer_;
}

Compactor::Figures Compactor::figures() const {
  return {.compactions = compactions_.load(std::memory_order_relaxed),       // R1
          .written_bytes = written_bytes_.load(std::memory_order_relaxed)};  // R1
}

void Compactor::RunThread() {
  while (const auto work = WaitForWork()) {
    if (work->requests != 0) {
      const Status status = base::OrNoMemory([&] { return CompactAll(); });
      Answer(work->requests, status);
    } else if (work->is_due) {
      CompactBecauseDue();
    }
    FreeUnreachable();
  }
}

void Compactor::CompactBecauseDue() {
  const auto has_gained = CompactOnce();
  if (has_gained || base::IsPassing(has_gained.error())) return;
  KVS_PROBE("compaction fails with what does not pass");
  if (parts_.options.log) parts_.options.log("compaction: " + has_gained.error().ToString());
  const AppendLock::Held held(parts_.log.lock);
  parts_.log.space.NoteNothingToGain(held, Gain::kAny);
}

std::optional<Compactor::Work> Compactor::WaitForWork() {
  const AppendLock::Held held(parts_.log.lock);
  while (!parts_.log.space.is_stopped(held)) {
    if (answered_ < requests_) return Work{.requests = requests_};
    if (!parts_.health.is_poisoned() && parts_.log.space.IsCompactionDue(held)) return Work{.is_due = true};
    const auto retry_at = parts_.log.space.room(held).RetryAt(RoomState::Job::kCompaction);
    if (parts_.log.segments.has_retired(held)) {
      held.WaitUntil(parts_.log.space.compaction_wanted, sync::SteadyClock::now() + kUnreachableCheckInterval);
      if (!parts_.log.space.is_stopped(held)) return Work{};
    } else if (retry_at && !parts_.health.is_poisoned()) {
      held.WaitUntil(parts_.log.space.compaction_wanted, *retry_at);
    } else {
      held.WaitFor(parts_.log.space.compaction_wanted);
    }
  }
  return std::nullopt;
}

void Compactor::Answer(std::uint64_t requests, const Status& status) {
  const AppendLock::Held held(parts_.log.lock);
  answered_ = requests;
  last_answer_ = status;
  parts_.log.space.compaction_wanted.NotifyAll();
}

Status Compactor::CompactAll() {
  std::uint64_t made_before = 0;
  auto status = SealActive(&made_before);
  if (!status && base::IsPassing(status.error())) {
    KVS_PROBE("compaction makes the room that sealing needs");
    KVS_TRY(CompactWhileWorthwhile());  // The segments that are sealed already may give the room.
    status = SealActive(&made_before);
  }
  KVS_TRY(status);
  status = ClusterAll(made_before);
  if (status || !base::IsPassing(status.error())) return status;
  KVS_PROBE("clustering lacks room");
  KVS_TRY(CompactWhileWorthwhile());  // This needs less room, and may free some.
  return ClusterAll(made_before);
}

// The groups are as large as the room that writers do not need. Once writers need it too, a group is one segment.
Status Compactor::ClusterAll(std::uint64_t made_before) {
  bool is_narrow = false;
  while (true) {
    std::uint64_t copied_bytes_max = 0;
    {
      const AppendLock::Held held(parts_.log.lock);
      copied_bytes_max = is_narrow ? parts_.log.space.CopiedBytesMax(held) : parts_.log.space.ClusteredBytesMax(held);
    }
    KVS_TRY_ASSIGN(const auto end, ClusterOnce(made_before, copied_bytes_max));
    FreeUnreachable();
    if (!end) return Ok();
    if (*end == CompactionRun::End::kGaveWay) {
      KVS_PROBE("clustering gives way to writers");
      is_narrow = true;
      KVS_TRY(CompactWhileDue());
    }
  }
}

Status Compactor::SealActive(std::uint64_t* made_before) {
  const AppendLock::Held held(parts_.log.lock);
  KVS_TRY(parts_.log.tail.SealActive(held));
  *made_before = parts_.log.tail.last_sequence(held) + 1;
  return Ok();
}

Status Compactor::CompactWhileWorthwhile() {
  while (true) {
    KVS_TRY_ASSIGN(const bool has_gained, CompactOnce());
    if (!has_gained) return Ok();
    FreeUnreachable();
  }
}

Status Compactor::CompactWhileDue() {
  while (true) {
    {
      const AppendLock::Held held(parts_.log.lock);
      if (!parts_.log.space.IsCompactionDue(held)) return Ok();
    }
    KVS_TRY(CompactOnce());
    FreeUnreachable();
  }
}

// If a removal has given up the reserve, the run borrows its room, or the maintainer would take it back during the run.
Result<bool> Compactor::CompactOnce() {
  bool has_reserve = IsReserveGivenUp() && BorrowReserve();
  auto has_gained = Attempt();
  if (!has_gained && base::IsDiskFull(has_gained.error()) && !has_reserve) {
    KVS_PROBE("compaction borrows the reserve");
    has_reserve = BorrowReserve();
    if (has_reserve) has_gained = Attempt();
  }
  if (has_reserve) ReturnReserve();
  return has_gained;
}

Result<bool> Compactor::Attempt() {
  {
    const AppendLock::Held held(parts_.log.lock);
    parts_.log.space.room(held).Begin(RoomState::Job::kCompaction);
  }
  auto has_gained = base::OrNoMemory([&] { return RunForMost(); });
  const bool is_missing_something = !has_gained && base::IsPassing(has_gained.error());
  const AppendLock::Held held(parts_.log.lock);
  parts_.log.space.EndAttempt(held, RoomState::Job::kCompaction,
                              is_missing_something ? Status(has_gained.error()) : Ok());
  return has_gained;
}

Result<bool> Compactor::RunForMost() {
  auto has_gained = RunFor(Preference::kBenefit);
  KVS_PROBE_IF(!has_gained && base::IsPassing(has_gained.error()),
               "compaction tries the segment with the least to copy");
  if (!has_gained && base::IsPassing(has_gained.error())) return RunFor(Preference::kLeastCopied);
  if (!has_gained || *has_gained) return has_gained;
  {
    const AppendLock::Held held(parts_.log.lock);
    if (!parts_.log.space.HasGarbageInActive(held)) return false;
    KVS_PROBE("active segment is sealed for its garbage");
    KVS_TRY(parts_.log.tail.SealActive(held));
  }
  return RunFor(Preference::kBenefit);
}

bool Compactor::BorrowReserve() {
  {
    const AppendLock::Held held(parts_.log.lock);
    parts_.log.tail.NoteReserve(held, ReserveState::kLent);
  }
  if (parts_.reserve.Lend()) return true;
  KVS_PROBE("reserve could not be lent");
  ReturnReserve();
  return false;
}

void Compactor::ReturnReserve() {
  parts_.reserve.Return();
  const AppendLock::Held held(parts_.log.lock);
  parts_.log.tail.NoteReserve(held, ReserveState::kGivenUp);
}

bool Compactor::IsReserveGivenUp() {
  const AppendLock::Held held(parts_.log.lock);
  return parts_.log.space.reserve(held) == ReserveState::kGivenUp;
}

Result<bool> Compactor::RunFor(Preference preference) {
  KVS_TRY(parts_.health.Check());
  std::optional<CompactionRun> run;
  {
    const AppendLock::Held held(parts_.log.lock);
    const CompactionAim aim{.copied_bytes_max = parts_.log.space.CopiedBytesMax(held),
                            .gained_bytes_max = parts_.log.space.GainedBytesMax(held),
                            .sequence = parts_.log.tail.last_sequence(held),
                            .preference = preference,
                            .takes_any_gain = parts_.log.space.WantedGain(held) == Gain::kAny};
    std::vector<std::uint32_t> inputs = PickInputs(parts_.log.segments.accounts(held), aim);
    // Under the same lock, or a segment sealed in between would count as one that was looked at.
    if (inputs.empty()) parts_.log.space.NoteNothingToGain(held, parts_.log.space.WantedGain(held));
    if (inputs.empty()) return false;
    run.emplace(held, parts_, std::move(inputs));
  }
  KVS_TRY(Execute(&*run));
  return true;
}

Result<std::optional<CompactionRun::End>> Compactor::ClusterOnce(std::uint64_t made_before,
                                                                 std::uint64_t copied_bytes_max) {
  KVS_TRY(parts_.health.Check());
  std::optional<CompactionRun> run;
  {
    const AppendLock::Held held(parts_.log.lock);
    std::vector<std::uint32_t> inputs = PickToCluster(
        parts_.log.segments.accounts(held), {.copied_bytes_max = copied_bytes_max, .made_before = made_before});
    if (inputs.empty()) return std::optional<CompactionRun::End>();
    run.emplace(held, parts_, std::move(inputs));
  }
  KVS_TRY_ASSIGN(const CompactionRun::End end, Execute(&*run));
  return std::optional<CompactionRun::End>(end);
}

Result<CompactionRun::End> Compactor::Execute(CompactionRun* run) {
  const auto begin = WritePace::Clock::now();
  auto end = run->Execute();
  written_bytes_.fetch_add(run->written_bytes(), std::memory_order_relaxed);  // R1
  if (end) compactions_.fetch_add(1, std::memory_order_relaxed);              // R1
  const bool has_freed = end && *end == CompactionRun::End::kInputsDropped;
  const std::uint64_t freed = run->input_bytes() - std::min(run->input_bytes(), run->written_bytes());
  const AppendLock::Held held(parts_.log.lock);
  parts_.log.space.NoteRun(held, has_freed ? freed : 0, WritePace::Clock::now() - begin);
  return end;
}

void Compactor::FreeUnreachable() {
  std::vector<std::shared_ptr<log::Segment>> unreachable;
  {
    const AppendLock::Held held(parts_.log.lock);
    unreachable = parts_.log.segments.TakeUnreachable(held);
  }
}

}  // namespace kvs::store
