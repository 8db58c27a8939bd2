// KvStore: a durable ordered map of byte strings in one directory.
//
//     auto store = kvs::KvStore::Open("data", {.sync = kvs::SyncPolicy::kAlways});
//     if (!store) return Report(store.error());
//     (*store)->Set("greeting", "hello").has_value();  // == true
//     (*store)->Get("greeting").value();               // == "hello"
//     (*store)->Get("nobody").value();                 // == std::nullopt
//
// Design      Set() appends one record to the active segment, then publishes its location in an in-memory index.
//             Compaction later rewrites the live records of old segments. ARCHITECTURE.md has the picture.
// Threads     Call anything from any thread. Get(), Read() and Scan() take no lock and wait for neither writers nor
//             compaction; writers queue on one append lock.
// Ordering    Linearizable per key: a Get() that starts after Set() returned sees that value or a newer one. A batch
//             becomes visible at one moment. A value is visible shortly before it is durable.
// Durability  Every Ok() survives the death of the process. Under kAlways it survives power loss too. Under kInterval a
//             power loss may take the writes of the last sync_interval: always the newest ones, never one from the
//             middle.
// Ownership   One live KvStore per directory (lock file). Arguments need not outlive the call. The child of a fork()
//             does not hold the directory and must not call the store.
// Limits      As KvsEngine. The directory's files stay under the sum of: live bytes / (1 - garbage_ratio_max), two
//             segments of segment_bytes, a reserve of one segment, and the saved index. A small store may hold as much
//             garbage as it has live bytes, and 32 MiB. The saved index has about 14 bytes per key and up to 64 MiB for
//             keys that expire. It stays until compaction makes it useless.
//             If file sizes are limited (RLIMIT_FSIZE), the host must ignore SIGXFSZ. A write beyond the limit then
//             answers kNoSpace.
// Errors      kIo, kCorruption, kNoSpace, kPoisoned. kNoSpace passes when there is room again. After a failed sync
//             every write answers kPoisoned until the store is opened again; reads go on.
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
  kNone,      // The kernel writes back when it chooses.
  kInterval,  // Syncs every sync_interval if there is something to sync.
  kAlways,    // Each write waits for a sync that covers it. One sync serves all waiting writes (group commit).
};

enum class OnDamage : std::uint8_t {
  kRefuse,    // Open() answers kCorruption.
  kReadOnly,  // What is readable is opened for reading alone; the log tells what is not. A key whose newest record is
              // damaged is missing, has an older value, or is back although it was removed. No segment is changed.
};

struct KvStoreOptions {
  SyncPolicy sync = SyncPolicy::kInterval;
  std::chrono::milliseconds sync_interval{1000};

  // The largest size of a segment. A small store uses smaller ones. 1 MiB..256 MiB, a multiple of 4 kB.
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;

  // Compaction keeps the share of garbage in the disk use below this. 0.05..0.9.
  double garbage_ratio_max = 0.3;

  // Reads the sealed segments over and over at this rate, and logs damage; 0: does not. Reading leaves them in the
  // system's page cache.
  std::uint64_t scrub_bytes_per_second = 0;

  // For a store that cannot be opened because bytes of it are damaged.
  OnDamage on_damage = OnDamage::kRefuse;

  // Receives what happened at opening and in the background. Any thread of the store calls it.
  std::function<void(const std::string& line)> log{};
};

// The findings of Open().
struct OpenReport {
  std::uint64_t segments = 0;
  std::uint64_t segments_from_hints = 0;  // Segments read through hint files; the others were read record by record.
  std::uint64_t records = 0;              // Records read: all, or those newer than the saved index.
  bool index_was_saved = false;           // The index that a clean stop saved was used.
  // Bytes after the last whole record, which were cut off. They are kept in files named *.torn-<number>.
  std::uint64_t torn_tail_bytes = 0;
  // Why the store is open for reading alone; empty: it is not. If set, reads work and every write answers kPoisoned.
  std::string read_only_because{};
};

namespace store {
class Store;
}

class KvStore final : public KvsEngine {
 public:
  // Opens `directory`, and creates it if it is absent. Reads the index that a clean stop saved, and the records after
  // it. If there is none, all cores build the index from all records, which needs 24 bytes of memory per record. A torn
  // tail is cut off, kept in a file of its own and reported. Any other bad byte that is read fails with kCorruption. If
  // the files cannot be written to, the store opens read-only; OpenReport tells why.
  // kInUse: another process has the directory open.
  static Result<std::shared_ptr<KvStore>> Open(const std::filesystem::path& directory,
                                               const KvStoreOptions& options = {});
  // Syncs and saves the index, unless the store is poisoned. No call may be running.
  ~KvStore() override;

  std::string_view Name() const override { return "kvs"; }
  Status Set(std::string_view key, std::string_view value) override;
  Result<std::optional<std::string>> Get(std::string_view key) override;
  // Under kAlways all pairs share one wait. If the sync fails, none counts as set.
  Status MultiSet(std::span<const KeyValue> pairs, std::size_t& set) override;
  Status Remove(std::string_view key) override;
  Result<bool> Read(std::string_view key, ValueVisitor visit) override;
  Status MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) override;
  void Prefetch(std::span<const std::string_view> keys) override;
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
  Result<BackupInfo> Backup(const std::filesystem::path& to, const BackupOptions& options) override;

  const OpenReport& open_report() const;

 private:
  explicit KvStore(std::unique_ptr<store::Store> store);
  std::unique_ptr<store::Store> store_;  // src/store: keeps every internal header out of the public one.
};

}  // namespace kvs
