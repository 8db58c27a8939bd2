// KvsEngine: the one interface through which servers, tools and tests see a store.
//
//     const std::shared_ptr<kvs::KvsEngine> engine = kvs::KvStore::Open("data").value();  // Or another one.
//     kvs::WriteBatch batch;
//     batch.Set("greeting", "hello");
//     batch.Remove("farewell");
//     engine->Write(batch).has_value();  // == true
//     engine->Read("greeting", [](std::string_view value) { std::cout << value << std::endl; }).value();  // == true
//
// Design      An engine is shared by std::shared_ptr<KvsEngine>: copying that pointer is the cheap clone of a handle.
// Threads     Call anything from any thread.
// Ordering    Linearizable per key. A WriteBatch becomes visible as a whole.
// Ownership   Arguments need not outlive the call. A view passed to a call-back is valid until the call-back returns.
// Limits      A key has 0..65'535 bytes and a value 0..512 MiB, of any bytes. A call beyond a limit answers
//             kInvalidArgument and writes nothing. A read of such a key may also answer that there is no such key.
// Errors      A call that the engine does not support answers kUnsupported. It never does something weaker instead.
// Expiry      A pair may carry an expiry: a point in time by the clock NowMs(), or the end of a time span (ExpiryKind).
//             From then on the pair is absent for every call. Engines without has_expiry() refuse it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvs/backup.h"
#include "kvs/function_ref.h"
#include "kvs/result.h"

namespace kvs {

inline constexpr std::size_t kKeyBytesMax = 65'535;
inline constexpr std::size_t kValueBytesMax = std::size_t{512} << 20;
inline constexpr std::size_t kBatchBytesMax = std::size_t{256} << 20;  // Keys, values and 31 bytes per operation.

// For engines: kInvalidArgument if a key or a value is larger than the limit.
inline Status CheckBytes(std::string_view what, std::size_t bytes, std::size_t bytes_max) {
  if (bytes <= bytes_max) [[likely]]
    return Ok();
  return Error{.code = ErrorCode::kInvalidArgument,
               .context = "the " + std::string(what) + " has " + std::to_string(bytes) + " bytes, the limit is " +
                          std::to_string(bytes_max)};
}
inline Status CheckKey(std::string_view key) { return CheckBytes("key", key.size(), kKeyBytesMax); }
inline Status CheckValue(std::string_view value) { return CheckBytes("value", value.size(), kValueBytesMax); }
inline Status CheckPair(std::string_view key, std::string_view value) {
  Status checked = CheckKey(key);
  return checked ? CheckValue(value) : checked;
}

// The engine calls it at most once, with the stored bytes. They are valid only until it returns.
using ValueVisitor = FunctionRef<void(std::string_view value)>;

// The engine calls it for each pair, in order. It returns whether to go on.
using ScanVisitor = FunctionRef<bool(std::string_view key, std::string_view value)>;

// The engine calls it once per key, in any order. index: in, the key's place in the call. value: in, nullopt if there
// is no such key; valid only until the visitor returns.
using MultiGetVisitor = FunctionRef<void(std::size_t index, std::optional<std::string_view> value)>;

struct KeyValue {
  std::string_view key;
  std::string_view value;
};

// How an expiry reacts when the wall clock is set.
enum class ExpiryKind : std::uint8_t {  // DO NOT renumber: these are on disks.
  kPoint = 0,                           // A point in time: it follows the wall clock.
  kSpan = 1,  // The end of a time span: the span keeps its length, however the wall clock is set.
};

// Expiry: the time from which a pair is absent, in milliseconds since 1970. The end of a span is also reported as a
// point of the present wall clock. Passed back with its kind, it stays the end of that span.
class Expiry {
 public:
  constexpr Expiry() = default;
  constexpr Expiry(std::uint64_t ms, ExpiryKind kind = ExpiryKind::kPoint, std::uint64_t span_end_ms = 0)  // NOLINT
      : ms_(ms), span_end_ms_(span_end_ms), kind_(kind) {}

  constexpr operator std::uint64_t() const { return ms_; }  // NOLINT(google-explicit-constructor): most ask for this.
  constexpr ExpiryKind kind() const { return kind_; }
  // The same end by the clock of spans, which no step of the wall clock changes. 0 if the engine did not report it.
  constexpr std::uint64_t span_end_ms() const { return span_end_ms_; }

 private:
  std::uint64_t ms_ = 0;
  std::uint64_t span_end_ms_ = 0;
  ExpiryKind kind_ = ExpiryKind::kPoint;
};

inline constexpr Expiry kNoExpiry{};

// A value and its expiry. The bytes are valid until the call-back that gets them returns.
struct Entry {
  std::string_view value;
  Expiry expiry_ms{};
};

using EntryVisitor = FunctionRef<void(const Entry& entry)>;

// WriteBatch: operations that take effect together. They apply in order, so the last one on a key wins.
class WriteBatch {
 public:
  struct Operation {
    std::string key;
    std::optional<std::string> value;  // nullopt: remove.
    Expiry expiry_ms{};
  };

  void Set(std::string_view key, std::string_view value, Expiry expiry_ms = {}) {
    operations_.push_back({std::string(key), std::string(value), expiry_ms});
    has_expiry_ = has_expiry_ || expiry_ms != kNoExpiry;
  }
  // Removing an absent key is allowed in a batch, and does nothing.
  void Remove(std::string_view key) { operations_.push_back({std::string(key), std::nullopt}); }

  void Clear() {
    operations_.clear();
    has_expiry_ = false;
  }
  bool empty() const { return operations_.empty(); }
  // Whether any pair has an expiry. An engine without expiry refuses such a batch.
  bool has_expiry() const { return has_expiry_; }
  std::size_t size() const { return operations_.size(); }
  const std::vector<Operation>& operations() const { return operations_; }

 private:
  std::vector<Operation> operations_;
  bool has_expiry_ = false;
};

// Called with the key of each pair after the engine has removed it because it expired. The thread that removes the pair
// calls it under the engine's lock, so writers wait. It must not call the engine.
using ExpiryListener = std::function<void(std::string_view key)>;

// The result of an UpdateFunction. A std::string or an std::optional<std::string> converts to it; nullopt removes.
class UpdateDecision {
 public:
  static UpdateDecision Keep() { return UpdateDecision(Kind::kKeep, {}); }
  static UpdateDecision Set(std::string value) { return UpdateDecision(Kind::kSet, std::move(value)); }
  static UpdateDecision Remove() { return UpdateDecision(Kind::kRemove, {}); }
  UpdateDecision(std::string value) : UpdateDecision(Kind::kSet, std::move(value)) {}  // NOLINT: see above
  UpdateDecision(std::optional<std::string> value)                                     // NOLINT: see above
      : kind_(value ? Kind::kSet : Kind::kRemove), value_(value ? std::move(*value) : std::string()) {}

  bool keeps() const { return kind_ == Kind::kKeep; }
  bool removes() const { return kind_ == Kind::kRemove; }
  bool sets() const { return kind_ == Kind::kSet; }
  const std::string& value() const { return value_; }  // Valid only if sets().

 private:
  enum class Kind : std::uint8_t { kKeep, kSet, kRemove };
  UpdateDecision(Kind kind, std::string value) : kind_(kind), value_(std::move(value)) {}

  Kind kind_;
  std::string value_;
};

// An UpdateDecision that can also set an expiry.
class EntryDecision : public UpdateDecision {
 public:
  static EntryDecision Set(std::string value, Expiry expiry_ms) {
    EntryDecision decision = UpdateDecision::Set(std::move(value));
    decision.expiry_ms_ = expiry_ms;
    return decision;
  }
  EntryDecision(UpdateDecision decision) : UpdateDecision(std::move(decision)) {}  // NOLINT: without expiry.

  Expiry expiry_ms() const { return expiry_ms_; }

 private:
  Expiry expiry_ms_{};
};

// Called with the current value; nullopt if the key is absent. It must have no side effect, because an engine may call
// it again after another writer's change. It must not call the engine.
using UpdateFunction = FunctionRef<UpdateDecision(std::optional<std::string_view> current)>;
using EntryUpdateFunction = FunctionRef<EntryDecision(const std::optional<Entry>& current)>;

// The pairs that a scan visits: from <= key < to, and the key starts with `prefix`.
struct ScanRange {
  std::string from{};
  std::optional<std::string> to{};  // Exclusive; nullopt: no upper bound.
  std::string prefix{};
  std::size_t limit = std::numeric_limits<std::size_t>::max();
  bool reverse = false;  // Starts at the greatest key and goes down.
};

// Figures for people and benchmarks. Zero if the engine does not know one.
struct EngineStats {
  std::uint64_t keys = 0;
  std::uint64_t live_bytes = 0;  // Bytes on disk that hold current pairs.
  std::uint64_t disk_bytes = 0;  // All files of the store.
  std::uint64_t segments = 0;
  std::uint64_t index_bytes = 0;    // Private memory of the index.
  std::uint64_t compactions = 0;    // Since the store was opened, like all figures below.
  std::uint64_t written_bytes = 0;  // Appended by writers and by compaction.
  std::uint64_t syncs = 0;
  std::uint64_t expired = 0;           // Pairs that were removed because they expired.
  std::uint64_t expiring = 0;          // Pairs that have an expiry now.
  std::uint64_t clock_steps = 0;       // Times that the wall clock was found changed by seconds.
  std::uint64_t scrubbed_bytes = 0;    // Read to find damage before a reader does.
  std::uint64_t damaged_segments = 0;  // Found by that reading.
  // Why all writes are refused until the store is opened again; nullopt: they are not.
  std::optional<Error> poisoned{};
};

class KvsEngine {
 public:
  virtual ~KvsEngine() = default;

  // The name on the command line and in the directory's marker file: "kvs", "sled", "rocksdb"
  virtual std::string_view Name() const = 0;

  virtual Status Set(std::string_view key, std::string_view value) = 0;
  virtual Result<std::optional<std::string>> Get(std::string_view key) = 0;  // nullopt: no such key.
  virtual Status Remove(std::string_view key) = 0;                           // kKeyNotFound if absent.

  // Like Get(), without a copy. False if there is no such key; then `visit` was not called. `visit` may read from the
  // engine, but not write.
  virtual Result<bool> Read(std::string_view key, ValueVisitor visit) = 0;

  // Does many Read() in one call, which some engines do faster. Each key is read by itself; the call is not a snapshot.
  // After an error, `visit` may have been called for some keys and not for others.
  virtual Status MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const Result<bool> found = Read(keys[i], [&](std::string_view value) { visit(i, value); });
      if (!found) return found.error();
      if (!*found) visit(i, std::nullopt);
    }
    return Ok();
  }

  // A hint: calls with these keys follow soon. An engine may ask the processor for the memory that they will read, for
  // all keys together. Nothing else changes.
  virtual void Prefetch(std::span<const std::string_view> /*keys*/) {}

  // Does many Set() in one call, in order. It is not atomic; Write() is.
  // set: out, pairs, the number of leading pairs that are set. After an error, the error is about the next pair.
  virtual Status MultiSet(std::span<const KeyValue> pairs, std::size_t& set) {
    for (set = 0; set < pairs.size(); ++set) {
      if (Status status = Set(pairs[set].key, pairs[set].value); !status) return status;
    }
    return Ok();
  }

  virtual Status Write(const WriteBatch& batch) = 0;  // All or nothing, for readers and across a crash.
  virtual Status Update(std::string_view key, UpdateFunction fn) = 0;  // Atomic read-modify-write.

  // Visits the pairs of `range` in the byte order of their keys. Each pair is shown as it was at some moment during the
  // scan, so the whole is not a snapshot. The scan may or may not see what is written ahead of it. `visit` may read
  // from the engine, but not write.
  virtual Status Scan(const ScanRange& range, ScanVisitor visit) = 0;

  // Whether pairs may carry an expiry. If not, the calls below work for pairs without one.
  virtual bool has_expiry() const { return false; }
  // The pair is absent after `lifetime`, however the wall clock is set in the meantime.
  Status SetFor(std::string_view key, std::string_view value, std::chrono::milliseconds lifetime) {
    const auto now_ms = static_cast<std::int64_t>(NowMs());
    const std::int64_t left_ms = std::clamp<std::int64_t>(lifetime.count(), -now_ms + 1, kFarMs);
    return SetUntil(key, value, {static_cast<std::uint64_t>(now_ms + left_ms), ExpiryKind::kSpan});
  }
  // The wall clock that expiries refer to, in milliseconds since 1970.
  virtual std::uint64_t NowMs() {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count());
  }
  virtual Status SetUntil(std::string_view key, std::string_view value, Expiry expiry_ms) {
    return expiry_ms == kNoExpiry ? Set(key, value) : NoExpiryHere();
  }
  virtual Result<bool> ReadEntry(std::string_view key, EntryVisitor visit) {
    return Read(key, [&](std::string_view value) { visit({.value = value}); });
  }
  // Like Update(), which sets pairs without expiry.
  virtual Status UpdateEntry(std::string_view key, EntryUpdateFunction fn) {
    bool is_refused = false;
    const Status status = Update(key, [&](std::optional<std::string_view> current) {
      EntryDecision decision = fn(current ? std::optional<Entry>({.value = *current}) : std::nullopt);
      is_refused = decision.sets() && decision.expiry_ms() != kNoExpiry;
      return is_refused ? UpdateDecision::Keep() : UpdateDecision(std::move(decision));
    });
    return status && is_refused ? NoExpiryHere() : status;
  }

  // Returns a random key. Each key has the same chance if nobody writes in the meantime. nullopt: no key was found,
  // though there may be some.
  // below: in, returns a random number from 0 to n - 1.
  virtual Result<std::optional<std::string>> RandomKey(FunctionRef<std::uint64_t(std::uint64_t n)> /*below*/) {
    return Error{.code = ErrorCode::kUnsupported, .context = "this engine does not draw keys"};
  }

  // Replaces the listener for pairs that expire; an empty one removes it. After the return, the previous listener is
  // not called any more. An engine without expiry never calls it.
  virtual void ListenToExpiry(ExpiryListener /*listener*/) {}
  // For tests. True, the default: expired pairs are removed even if nobody reads them. False: they are absent all the
  // same, and are removed when a call reads them.
  virtual void set_expires_actively(bool /*is_active*/) {}

  // Removes every pair. The default removes them in batches: other threads see it happen, and a crash may leave some.
  virtual Status Clear() {
    constexpr std::size_t kKeysPerBatch = 1'024;
    while (true) {
      WriteBatch batch;
      Status scanned = Scan({.limit = kKeysPerBatch}, [&](std::string_view key, std::string_view) {
        batch.Remove(key);
        return true;
      });
      if (!scanned || batch.empty()) return scanned;
      if (Status removed = Write(batch); !removed) return removed;
    }
  }

  virtual Status Sync() = 0;     // The barrier: all writes acknowledged before survive power loss after Ok().
  virtual Status Compact() = 0;  // Returns after the space of overwritten and removed pairs is given back.
  virtual Result<EngineStats> Stats() = 0;

  // Makes the next backup in the directory `to`, which is created if it is absent: of all writes that were acknowledged
  // before the call. Reads and writes go on meanwhile. kvs/backup.h has the rest.
  virtual Result<BackupInfo> Backup(const std::filesystem::path& /*to*/, const BackupOptions& /*options*/) {
    return Error{.code = ErrorCode::kUnsupported, .context = "the engine " + std::string(Name()) + " has no backups"};
  }

 protected:
  static constexpr std::int64_t kFarMs = std::int64_t{1} << 61;
  static Error NoExpiryHere() {
    return Error{.code = ErrorCode::kUnsupported, .context = "this engine has no expiry of pairs"};
  }
};

}  // namespace kvs
