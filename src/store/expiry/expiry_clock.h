// ExpiryClock: the two clocks by which pairs expire. A point in time is judged by the wall clock as it is now. The end
// of a span is judged by the clock of spans, which nobody sets, so that a span keeps its length.
//
// Design      The clock of spans showed the time of the wall clock when the store got its first span. From then on it
//             goes by what the system measures, the time of a suspended machine included, and over a restart too, as
//             long as the machine is not booted again. After a boot all that is known is the wall clock: the clock of
//             spans goes on by how much that one differed from it last, but never back. If the wall clock is behind
//             what the store has seen, it was not set yet; its next step forward counts for spans as well.
//             What it takes to go on is kept in the file CLOCK (log/clock_file.h).
//             Spans are told to users by the wall clock: ToShown() and ToStored() go from one clock to the other.
// Threads     Call anything from any thread, Start() before all else.
//
// Fences      R1  anchor_, offset_, checked_at_, steps_: relaxed. Numbers that nothing is reached through.
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
  // A wall clock that differs from what was expected by less than this, and a tenth of the time since the last look,
  // was only corrected, as the system does all the time.
  static constexpr std::int64_t kStepMs = 2'000;

  // The clocks in milliseconds, and a number for this boot of the machine; tests put their own in place.
  struct Sources {
    std::int64_t (*wall)();
    std::int64_t (*steady)();
    std::uint64_t (*boot)();
  };
  static Sources SystemSources();

  explicit ExpiryClock(const Sources& sources) : sources_(sources) {}

  // `saved`: as Snapshot() was; nullopt: the clock of spans begins at the wall clock.
  void Start(const std::optional<log::ClockFile>& saved) KVS_EXCLUDES(mutex_);

  // The wall clock; before 1970 it shows 0.
  std::uint64_t NowMs() KVS_EXCLUDES(mutex_);
  ExpiryTimes Times() const { return {.point_ms = PointMs(), .span_ms = SpanMs()}; }
  bool IsPast(Expiry stored) const { return stored <= (stored.kind() == ExpiryKind::kPoint ? PointMs() : SpanMs()); }

  bool HasExpired(const log::Record& record) const { return record.expiry_ms != kNoExpiry && IsPast(record.expiry()); }

  // An expiry as users see it, by the wall clock as it was at the last look, and as it is in records.
  Expiry ToStored(Expiry shown) const { return shown == kNoExpiry ? shown : StoredOf(shown); }
  Expiry ToShown(Expiry stored) const {
    return stored == kNoExpiry || stored.kind() == ExpiryKind::kPoint ? stored : ShownOf(stored);
  }

  // Looks whether the wall clock was set, as NowMs() does.
  void Check() KVS_EXCLUDES(mutex_);
  std::uint64_t steps() const { return steps_.load(std::memory_order_relaxed); }  // R1
  // Those since it was asked last, after a Check().
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
  std::atomic<std::int64_t> anchor_{0};      // R1. From the steady clock to that of spans.
  std::atomic<std::int64_t> offset_{0};      // R1. From the clock of spans to the wall clock, as it was found last.
  std::atomic<std::int64_t> checked_at_{0};  // R1. When that was, by the steady clock.
  std::atomic<std::uint64_t> steps_{0};      // R1

  mutable sync::Mutex mutex_;
  Steps unreported_steps_ KVS_GUARDED_BY(mutex_);
  // Of the boot before, while the wall clock is not set yet.
  std::optional<std::int64_t> former_offset_ KVS_GUARDED_BY(mutex_);
  std::optional<log::ClockFile> saved_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::store
