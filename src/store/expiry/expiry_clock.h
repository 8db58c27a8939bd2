// ExpiryClock: the two clocks by which pairs expire. A point in time is compared with the wall clock as it is now. The
// end of a span is compared with the clock of spans. Nobody sets that clock, so a span keeps its length.
//
// Design      Until a store has its first span, each opening starts the clock of spans from the wall clock. The clock
//             then follows the steady clock of the system, which includes the time of a suspended machine. With spans,
//             it continues when the store is opened again, if the machine was not booted meanwhile. After a boot only
//             the wall clock is known. Then the clock of spans advances to the wall clock minus their last difference,
//             and never goes back. If the wall clock is earlier than the store has seen, it was not set yet. Its next
//             step forward then counts for spans as well. The file CLOCK holds what the clock needs to continue
//             (log/clock_file.h). Users see the end of a span by the wall clock: ToShown() and ToStored() convert it.
// Threads     Call anything from any thread, but Start() before all else.
//
// Fences      R1  anchor_, offset_, checked_at_, steps_: relaxed. They are numbers; nothing is reached through them.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "kvs/engine.h"
#include "log/clock_file.h"
#include "log/record.h"
#include "store/expiry/expiry_index.h"
#include "sync/mutex.h"

namespace kvs::store {

class ExpiryClock {
 public:
  // The wall clock was set if it differs from its expected time by more than this, plus a tenth of the time since the
  // last look. The system makes smaller corrections all the time.
  static constexpr std::int64_t kStepMs = 2'000;

  // The clocks in milliseconds, and a number for this boot of the machine. Tests replace them.
  struct Sources {
    std::int64_t (*wall)();
    std::int64_t (*steady)();
    std::uint64_t (*boot)();
  };
  static Sources SystemSources();

  explicit ExpiryClock(const Sources& sources) : sources_(sources) {}

  // saved: in, an earlier Snapshot(); nullopt: the clock of spans starts from the wall clock.
  void Start(const std::optional<log::ClockFile>& saved) KVS_EXCLUDES(mutex_);

  // The time of the wall clock; 0 before 1970. Does a Check() first.
  std::uint64_t NowMs() KVS_EXCLUDES(mutex_);
  ExpiryTimes Times() const { return {.point_ms = PointMs(), .span_ms = SpanMs()}; }
  bool IsPast(Expiry stored) const { return stored <= (stored.kind() == ExpiryKind::kPoint ? PointMs() : SpanMs()); }

  bool HasExpired(const log::Record& record) const { return record.expiry_ms != kNoExpiry && IsPast(record.expiry()); }

  // Convert between the expiry that users see and the one in records. Users see the end of a span by the wall clock as
  // of the last look.
  Expiry ToStored(Expiry shown) const { return shown == kNoExpiry ? shown : StoredOf(shown); }
  Expiry ToShown(Expiry stored) const {
    return stored == kNoExpiry || stored.kind() == ExpiryKind::kPoint ? stored : ShownOf(stored);
  }

  // Notices if the wall clock was set.
  void Check() KVS_EXCLUDES(mutex_);
  std::uint64_t steps() const { return steps_.load(std::memory_order_relaxed); }  // R1
  // The steps since the last call. Does a Check() first.
  struct Steps {
    std::uint64_t count = 0;
    std::int64_t sum_ms = 0;
  };
  Steps TakeSteps() KVS_EXCLUDES(mutex_);

  log::ClockFile Snapshot() const KVS_EXCLUDES(mutex_);
  void NoteSaved() KVS_EXCLUDES(mutex_);
  bool NeedsSaving() const KVS_EXCLUDES(mutex_);

 private:
  Expiry StoredOf(Expiry shown) const;
  Expiry ShownOf(Expiry stored) const;
  std::uint64_t PointMs() const;
  std::uint64_t SpanMs() const;
  std::int64_t SpanAt(std::int64_t steady) const { return steady + anchor_.load(std::memory_order_relaxed); }  // R1
  void NoteStep(std::int64_t step_ms, std::int64_t wall, std::int64_t steady) KVS_REQUIRES(mutex_);
  log::ClockFile SnapshotLocked() const KVS_REQUIRES(mutex_);

  const Sources sources_;                    // Constant after construction.
  std::atomic<std::int64_t> anchor_{0};      // R1. The clock of spans minus the steady clock.
  std::atomic<std::int64_t> offset_{0};      // R1. The wall clock minus the clock of spans, at the last look.
  std::atomic<std::int64_t> checked_at_{0};  // R1. The time of the last look, by the steady clock.
  std::atomic<std::uint64_t> steps_{0};      // R1. How often the wall clock was set.

  mutable sync::Mutex mutex_;
  Steps unreported_steps_ KVS_GUARDED_BY(mutex_);
  // The offset of the previous boot, as long as the wall clock is not set yet.
  std::optional<std::int64_t> former_offset_ KVS_GUARDED_BY(mutex_);
  std::optional<log::ClockFile> saved_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::store
