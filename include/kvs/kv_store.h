// KvStore: a durable ordered map of byte strings, living in one directory.
//
//     auto store = kvs::KvStore::Open("data", {.sync = kvs::SyncPolicy::kAlways});
//     if (!store) return Report(store.error());
//     (*store)->Set("greeting", "hello").has_value();  // == true
//     (*store)->Get("greeting").value();               // == "hello"
//     (*store)->Get("nobody").value();                 // == std::nullopt
//
// Design      Set() appends one record to the active segment, then publishes its location in an in-memory index.
//             Compaction rewrites live records behind it. ARCHITECTURE.md has the picture.
// Threads     Call anything from any thread. Get(), Read() and Scan() take no lock and wait for neither writers nor
//             compaction; writers queue on one append lock.
// Ordering    Linearizable per key: a Get() that starts after Set() returned sees that value or a newer one. A batch
//             becomes visible at one moment. A value is visible a little before it is durable.
// Durability  Every Ok() survives the death of the process. Under kAlways it survives power loss too; under kInterval
//             a power loss may take the writes of the last sync_interval, always a suffix, never one from the middle.
// Ownership   One live KvStore per directory (lock file). Arguments need not outlive the call. The child of a fork()
//             has no part in the store: it does not hold the directory, and must not call.
// Limits      As KvsEngine. The directory's disk use stays under live bytes / (1 - garbage_ratio_max) + 2 segments of
//             segment_bytes (a store that is smaller than those has as much as is live beside, 8 MiB at least), and the
//             saved index (about 14 bytes per key, and up to 64 MiB for keys that expire, until compaction makes it
//             useless), and a reserve of one segment.
//             Under a limit of file sizes (RLIMIT_FSIZE) the host ignores SIGXFSZ: a write beyond it is kNoSpace then.
// Errors      kIo, kCorruption, kNoSpace, which passes by itself, kPoisoned: after a failed sync that is the answer of
//             every write until the store is opened again; reads go on.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "kvs/engine.h"
#include "kvs/result.h"

namespace kvs {

enum class SyncPolicy : std::uint8_t {
  kNone,      // The kernel writes back when it likes.
  kInterval,  // A sync every sync_interval while there is something to sync.
  kAlways,    // Every write waits for the sync that covers it; one sync serves all that wait (group commit).
};

struct KvStoreOptions {
  SyncPolicy sync = SyncPolicy::kInterval;
  std::chrono::milliseconds sync_interval{1000};

  // The largest segment. Smaller ones are used while the store is small. 1 MiB..256 MiB, a multiple of 4 kB.
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;

  // Compaction keeps garbage under this share of the disk use. 0.05..0.9.
  double garbage_ratio_max = 0.3;

  // Where the store says what happened in the background and at opening; called from any of its threads.
  std::function<void(const std::string& line)> log{};
};

// What Open() found.
struct OpenReport {
  std::uint64_t segments = 0;
  std::uint64_t segments_from_hints = 0;  // Read through their hint files, the others record by record.
  std::uint64_t records = 0;              // That were read: all of them, or those that the saved index did not know.
  bool index_was_saved = false;           // The index is the one that was saved at a clean stop.
  // Cut off after the last whole record, and kept in files beside, named *.torn-<number>.
  std::uint64_t torn_tail_bytes = 0;
  // Not empty: the files cannot be written to, and why. Reads work, every write answers kPoisoned with the cause.
  std::string read_only_because{};
};

namespace store {
class Store;
}

class KvStore final : public KvsEngine {
 public:
  // Opens `directory`, creating it if absent. The index that was saved at a clean stop is read, and what came after
  // it; without one the index is built from all records, on all cores, which takes 24 bytes of memory for each
  // record meanwhile. A torn tail is cut off, kept beside and reported; any other bad byte that is met fails with
  // kCorruption. Where the files cannot be written to, the store is opened to be read: see OpenReport.
  // kInUse: another process has the directory open.
  static Result<std::shared_ptr<KvStore>> Open(const std::filesystem::path& directory,
                                               const KvStoreOptions& options = {});
  // Syncs and saves the index, unless the store is poisoned. No call may be under way.
  ~KvStore() override;

  std::string_view Name() const override { return "kvs"; }
  Status Set(std::string_view key, std::string_view value) override;
  Result<std::optional<std::string>> Get(std::string_view key) override;
  // Under kAlways one wait for all of them; should that fail, none counts as set.
  Status MultiSet(std::span<const KeyValue> pairs, std::size_t& set) override;
  Status Remove(std::string_view key) override;
  Result<bool> Read(std::string_view key, ValueVisitor visit) override;
  Status MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) override;
  Status Write(const WriteBatch& batch) override;
  Status Update(std::string_view key, UpdateFunction fn) override;
  Status Scan(const ScanRange& range, ScanVisitor visit) override;
  Result<std::optional<std::string>> RandomKey(FunctionRef<std::uint64_t(std::uint64_t n)> below) override;
  bool has_expiry() const override { return true; }
  std::uint64_t NowMs() override;
  Status SetUntil(std::string_view key, std::string_view value, Expiry expiry_ms) override;
  Result<bool> ReadEntry(std::string_view key, EntryVisitor visit) override;
  Status UpdateEntry(std::string_view key, EntryUpdateFunction fn) override;
  void ListenToExpiry(ExpiryListener listener) override;
  void set_expires_actively(bool is_active) override;
  Status Clear() override;
  Status Sync() override;
  Status Compact() override;
  Result<EngineStats> Stats() override;

  const OpenReport& open_report() const;

 private:
  explicit KvStore(std::unique_ptr<store::Store> store);
  std::unique_ptr<store::Store> store_;  // src/store: keeps every internal header out of the public one.
};

}  // namespace kvs
