// Expirer: removes pairs whose time has come, on a thread of its own, and keeps the notes that this takes.
//
// Design      Writers note when to look at a key; readers note the expired pairs that they meet. The thread looks at
//             the keys that are due, and has a tombstone appended for each pair that has expired. A tombstone keeps
//             what the pair had replaced from coming back, as after Remove(). The thread also tends the clock.
// Threads     Notes are taken under the append lock. NoteFound() waits for nobody: it does nothing if a thread has the
//             lock.
// Ordering    The listener is called under the append lock, once per pair, and before any later write to the key.
// Errors      A failure is reported once. Its keys are noted again, and the thread tries again.
//
// Fences      R1  is_active_: relaxed. It only says what readers note. The expirer reads it under the append lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/location.h"
#include "base/tunable.h"
#include "index/tree.h"
#include "kvs/kv_store.h"
#include "log/record.h"
#include "store/expiry/clock_keeper.h"
#include "store/expiry/expiry_clock.h"
#include "store/expiry/expiry_index.h"
#include "store/segments/append_lock.h"
#include "store/segments/record_reader.h"
#include "store/tail/live_log.h"

namespace kvs::store {

class Expirer {
 public:
  struct Parts {  // Of the store; all outlive the expirer.
    LiveLog& log;
    const index::Tree& index;
    const RecordReader& records;
    ExpiryClock& clock;
    const KvStoreOptions& options;
    // Appends a tombstone for the pair at `location`; the room is there.
    std::function<Status(const AppendLock::Held& held, std::string_view key, base::Location location)> remove;
  };

  Expirer(Parts parts, const ClockKeeper& clock_keeper) : parts_(std::move(parts)), clock_keeper_(clock_keeper) {}

  // --- Opening and closing ---
  void LoadClock();
  // Takes over what recovery found: when to look at which key, and how many pairs expire.
  void Begin(const AppendLock::Held& held, const ExpiryIndex& notes, std::uint64_t expiring);
  Status Start();  // kNoSpace.
  void Stop() KVS_EXCLUDES(parts_.log.lock);
  void SaveClock() KVS_EXCLUDES(parts_.log.lock);  // After Stop().
  // The notes as the saved index takes them.
  const ExpiryIndex& NotesToSave(const AppendLock::Held& held);

  // --- Writers ---
  // The record of `key` was appended. `former`: the expiry of the record before it.
  void NoteWritten(const AppendLock::Held& held, std::string_view key, Expiry expiry, Expiry former);
  // The pair of `record`, which expires, was replaced or removed.
  void NoteReplaced(const AppendLock::Held& held, const log::Record& record);

  // --- Readers ---
  // A reader met `record`, which has expired and is still there.
  void NoteFound(const log::Record& record) KVS_EXCLUDES(parts_.log.lock);

  // --- Settings and figures ---
  void Listen(ExpiryListener listener) KVS_EXCLUDES(parts_.log.lock);
  void set_active(bool is_active) KVS_EXCLUDES(parts_.log.lock);

  struct Figures {
    std::uint64_t expired = 0;   // Pairs that were removed because their time had come.
    std::uint64_t expiring = 0;  // Pairs with an expiry.
  };
  const Figures& figures(const AppendLock::Held&) const { return figures_; }

 private:
  KVS_TUNABLE(std::size_t, kFoundMax, 1'024, 1, 2'048);

  enum class Next : std::uint8_t { kWork, kEnd };
  void RunThread();
  // Waits until something is due, or until the clocks are to be looked at.
  Next WaitForWork() KVS_EXCLUDES(parts_.log.lock);
  Next WaitAfterFailure() KVS_EXCLUDES(parts_.log.lock);
  Status Work() KVS_EXCLUDES(parts_.log.lock);
  void TendClock() KVS_EXCLUDES(parts_.log.lock);

  Status RemoveDue() KVS_EXCLUDES(parts_.log.lock);
  std::vector<std::string> TakeDue(const AppendLock::Held& held);
  Status RemoveIfExpired(const AppendLock::Held& held, std::string_view key, std::optional<Error>* damage);
  void CallListener(std::string_view key);

  // One step of a walk over all pairs, which notes those with an expiry.
  void GatherMissing() KVS_EXCLUDES(parts_.log.lock);
  // Where the step begins; nullopt: nothing is missing.
  std::optional<std::string> NextToGather() KVS_EXCLUDES(parts_.log.lock);
  void ReportDamage(const std::string& what, const Error& damage);
  bool is_active() const { return is_active_.load(std::memory_order_relaxed); }  // R1

  const Parts parts_;  // Constant after construction.

  // Guarded by the append lock.
  ExpiryIndex notes_;       // Of all pairs, except those that it says are missing.
  bool has_spans_ = false;  // Or had some once.
  // While the keys that the notes lack are gathered: the key where the next step begins.
  std::optional<std::string> gather_from_;
  std::vector<std::string> found_;  // By readers. Has room for all from the start.
  ExpiryListener listener_;
  Figures figures_;
  bool is_stopped_ = false;
  sync::ConditionVariable changed_;  // The thread waits for keys, and for their time.

  std::atomic<bool> is_active_{true};  // R1

  // Of the thread, and after it of the thread that closes the store.
  ClockKeeper clock_keeper_;
  bool has_reported_damage_ = false;

  std::thread thread_;
};

}  // namespace kvs::store
