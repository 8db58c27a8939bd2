// Expirer: removes expired pairs, on a thread of its own, and keeps notes of when to look at which key.
//
// Design      Writers note when to look at a key. Readers note the expired pairs that they find. The thread looks at
//             the keys that are due, and appends a tombstone for each pair that has expired. As after Remove(), the
//             tombstone keeps older records of the key from coming back. The thread also maintains the clock.
// Threads     Notes are taken under the append lock. NoteFound() never waits: it does nothing if another thread has the
//             lock.
// Ordering    The listener is called under the append lock, once per pair, and before any later write to the key.
// Errors      A failure is reported once. Its keys are noted again, and the thread tries again.
//
// Fences      R1  is_active_: relaxed. It only decides what readers note. The expirer reads it under the append lock.
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
  struct Parts {  // Parts of the store. All outlive the expirer.
    LiveLog& log;
    const index::Tree& index;
    const RecordReader& records;
    ExpiryClock& clock;
    const KvStoreOptions& options;
    // Appends a tombstone for the pair at `location`, in room that was made before.
    std::function<Status(const AppendLock::Held& held, std::string_view key, base::Location location)> remove;
  };

  Expirer(Parts parts, const ClockKeeper& clock_keeper) : parts_(std::move(parts)), clock_keeper_(clock_keeper) {}

  // --- Opening and closing ---
  void LoadClock();
  // Takes over from recovery. notes: in, when to look at which key. expiring: in, the number of pairs with an expiry.
  void Begin(const AppendLock::Held& held, const ExpiryIndex& notes, std::uint64_t expiring);
  Status Start();  // kNoSpace.
  void Stop() KVS_EXCLUDES(parts_.log.lock);
  void SaveClock() KVS_EXCLUDES(parts_.log.lock);  // Call it after Stop().
  // The notes for the saved index. If gathering has not ended, they say that any key may be missing.
  const ExpiryIndex& NotesToSave(const AppendLock::Held& held);

  // --- Writers ---
  // A record of `key` was appended. former: in, the expiry of the record before it.
  void NoteWritten(const AppendLock::Held& held, std::string_view key, Expiry expiry, Expiry former);
  // The pair of `record` was replaced or removed. It had an expiry.
  void NoteReplaced(const AppendLock::Held& held, const log::Record& record);

  // --- Readers ---
  // A reader found `record`, which has expired and is not removed yet.
  void NoteFound(const log::Record& record) KVS_EXCLUDES(parts_.log.lock);

  // --- Settings and figures ---
  void Listen(ExpiryListener listener) KVS_EXCLUDES(parts_.log.lock);
  void set_active(bool is_active) KVS_EXCLUDES(parts_.log.lock);

  struct Figures {
    std::uint64_t expired = 0;   // Pairs that were removed because they had expired.
    std::uint64_t expiring = 0;  // Pairs with an expiry.
  };
  const Figures& figures(const AppendLock::Held&) const { return figures_; }

 private:
  KVS_TUNABLE(std::size_t, kFoundMax, 1'024, 1, 2'048);

  enum class Next : std::uint8_t { kWork, kEnd };
  void RunThread();
  // Waits until a key is due, or until it is time to check the clocks.
  Next WaitForWork() KVS_EXCLUDES(parts_.log.lock);
  Next WaitAfterFailure() KVS_EXCLUDES(parts_.log.lock);
  Status Work() KVS_EXCLUDES(parts_.log.lock);
  void TendClock() KVS_EXCLUDES(parts_.log.lock);

  Status RemoveDue() KVS_EXCLUDES(parts_.log.lock);
  std::vector<std::string> TakeDue(const AppendLock::Held& held);
  Status RemoveIfExpired(const AppendLock::Held& held, std::string_view key, std::optional<Error>* damage);
  void CallListener(std::string_view key);

  // Does one step of a walk over all pairs, and notes those with an expiry.
  void GatherMissing() KVS_EXCLUDES(parts_.log.lock);
  // The key where the next step begins; nullopt: no key that may be due is missing.
  std::optional<std::string> NextToGather() KVS_EXCLUDES(parts_.log.lock);
  void ReportDamage(const std::string& what, const Error& damage);
  bool is_active() const { return is_active_.load(std::memory_order_relaxed); }  // R1

  const Parts parts_;  // Constant after construction.

  // Guarded by the append lock.
  ExpiryIndex notes_;       // Every pair with an expiry, except those that it says are missing.
  bool has_spans_ = false;  // The store has or once had the end of a span.
  // The key where the next step of gathering begins; nullopt: no gathering is under way.
  std::optional<std::string> gather_from_;
  std::vector<std::string> found_;  // Keys that readers found. Its memory is reserved at the start.
  ExpiryListener listener_;
  Figures figures_;
  bool is_stopped_ = false;
  sync::ConditionVariable changed_;  // The thread waits for new notes, and until keys are due.

  std::atomic<bool> is_active_{true};  // R1

  // Used by one thread at a time: the one that opens the store, the expirer's, the one that closes it.
  ClockKeeper clock_keeper_;
  bool has_reported_damage_ = false;

  std::thread thread_;
};

}  // namespace kvs::store
