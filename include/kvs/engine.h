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
// Ownership   Arguments need not outlive the call. Views handed to a call-back die when the call-back returns.
// Limits      Key 0..65'535 bytes, value 0..512 MiB, both any bytes. Outside: kInvalidArgument, nothing written; a
//             read may also answer that there is no such key.
// Errors      What an engine cannot do answers kUnsupported, never something weaker.
// Expiry      A pair may carry a point in time, by the clock NowMs(), or the end of a span of time (ExpiryKind); from
//             then on it is absent for every call. Engines without has_expiry() refuse it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvs/function_ref.h"
#include "kvs/result.h"

namespace kvs {

inline constexpr std::size_t kKeyBytesMax = 65'535;
inline constexpr std::size_t kValueBytesMax = std::size_t{512} << 20;
inline constexpr std::size_t kBatchBytesMax = std::size_t{256} << 20;  // Keys, values and 31 bytes for each operation.

// Called at most once, with the stored bytes, which are valid only until it returns.
using ValueVisitor = FunctionRef<void(std::string_view value)>;

// Called for each pair in order; answers whether to go on.
using ScanVisitor = FunctionRef<bool(std::string_view key, std::string_view value)>;

// Called for each of several keys, in no order, with its place among them; nullopt: no such key. The bytes are valid
// only until it returns.
using MultiGetVisitor = FunctionRef<void(std::size_t index, std::optional<std::string_view> value)>;

struct KeyValue {
  std::string_view key;
  std::string_view value;
};

// What an expiry follows where the wall clock is set.
enum class ExpiryKind : std::uint8_t {  // DO NOT renumber: these are on disks.
  kPoint = 0,                           // The wall clock: it is a point in time.
  kSpan = 1,  // A clock that nobody sets: it is the end of a span of time, which keeps its length.
};

// Expiry: milliseconds since 1970, from which on a pair is absent. The end of a span is told as a point too, by the
// wall clock as it is now; handed back with its kind, it stays the end of that span.
class Expiry {
 public:
  constexpr Expiry() = default;
  constexpr Expiry(std::uint64_t ms, ExpiryKind kind = ExpiryKind::kPoint, std::uint64_t span_end_ms = 0)  // NOLINT
      : ms_(ms), span_end_ms_(span_end_ms), kind_(kind) {}

  constexpr operator std::uint64_t() const { return ms_; }  // NOLINT(google-explicit-constructor): most ask for this.
  constexpr ExpiryKind kind() const { return kind_; }
  // The same by the clock of spans, where an engine told it, so that no step of the wall clock comes between; else 0.
  constexpr std::uint64_t span_end_ms() const { return span_end_ms_; }

 private:
  std::uint64_t ms_ = 0;
  std::uint64_t span_end_ms_ = 0;
  ExpiryKind kind_ = ExpiryKind::kPoint;
};

inline constexpr Expiry kNoExpiry{};

// A value with what is known about it. Its bytes live as long as the call-back that is handed it.
struct Entry {
  std::string_view value;
  Expiry expiry_ms{};
};

using EntryVisitor = FunctionRef<void(const Entry& entry)>;

// WriteBatch: operations that take effect together, in their order (a later one on the same key wins).
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
  bool has_expiry() const { return has_expiry_; }  // Of any pair. An engine without expiry refuses the batch.
  std::size_t size() const { return operations_.size(); }
  const std::vector<Operation>& operations() const { return operations_; }

 private:
  std::vector<Operation> operations_;
  bool has_expiry_ = false;
};

// Called with the key of each pair that is removed because its time has come, when that has happened; by the thread
// that removes it, under the engine's lock: it must not call the engine, and writers wait for it.
using ExpiryListener = std::function<void(std::string_view key)>;

// What an UpdateFunction decides. A std::string or an std::optional<std::string> (nullopt: remove) converts to it.
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
  const std::string& value() const { return value_; }  // Only of a decision that sets.

 private:
  enum class Kind : std::uint8_t { kKeep, kSet, kRemove };
  UpdateDecision(Kind kind, std::string value) : kind_(kind), value_(std::move(value)) {}

  Kind kind_;
  std::string value_;
};

// The same, with an expiry for what it sets.
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

// Called with the current value (nullopt: absent). An engine may call it again when another writer came between, so it
// must have no side effect; it must not call the engine.
using UpdateFunction = FunctionRef<UpdateDecision(std::optional<std::string_view> current)>;
using EntryUpdateFunction = FunctionRef<EntryDecision(const std::optional<Entry>& current)>;

// Which pairs a scan visits: those with from <= key < to that start with `prefix`.
struct ScanRange {
  std::string from{};
  std::optional<std::string> to{};  // Exclusive; nullopt: to the last key.
  std::string prefix{};
  std::size_t limit = std::numeric_limits<std::size_t>::max();
  bool reverse = false;  // From the greatest key down.
};

// Figures for people and benches. Zero where an engine cannot tell.
struct EngineStats {
  std::uint64_t keys = 0;
  std::uint64_t live_bytes = 0;  // Bytes on disk that a key still needs.
  std::uint64_t disk_bytes = 0;  // All files of the store.
  std::uint64_t segments = 0;
  std::uint64_t index_bytes = 0;    // Private memory of the index.
  std::uint64_t compactions = 0;    // Since the store was opened, as all below.
  std::uint64_t written_bytes = 0;  // Appended by writers and by compaction.
  std::uint64_t syncs = 0;
  std::uint64_t expired = 0;      // Pairs that were removed because their time had come.
  std::uint64_t expiring = 0;     // Pairs that have an expiry now.
  std::uint64_t clock_steps = 0;  // How often the wall clock was found set, by some seconds or more.
  // Why no write is taken until the store is opened again; nullopt: they are.
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

  // As Get(), without a copy. False: no such key, and `visit` was not called. `visit` may read from the engine,
  // not write.
  virtual Result<bool> Read(std::string_view key, ValueVisitor visit) = 0;

  // Many Read() in one call, for engines that are quicker that way; each key is read by itself, there is no snapshot.
  // On an error some keys have been visited and some have not.
  virtual Status MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const Result<bool> found = Read(keys[i], [&](std::string_view value) { visit(i, value); });
      if (!found) return found.error();
      if (!*found) visit(i, std::nullopt);
    }
    return Ok();
  }

  // Many Set() in one call, in their order; not atomic, as Write() is. `set`: how many of the first are set, which is
  // all of them after Ok(); the one behind them is what the error is about.
  virtual Status MultiSet(std::span<const KeyValue> pairs, std::size_t& set) {
    for (set = 0; set < pairs.size(); ++set) {
      if (Status status = Set(pairs[set].key, pairs[set].value); !status) return status;
    }
    return Ok();
  }

  virtual Status Write(const WriteBatch& batch) = 0;  // All or nothing, for readers and across a crash.
  virtual Status Update(std::string_view key, UpdateFunction fn) = 0;  // Atomic read-modify-write.

  // Visits the pairs of `range` in byte order of their keys. Each pair is as it was at some moment of the scan; as a
  // whole it is not a snapshot, and what is written ahead of it may or may not be seen. `visit` may read from the
  // engine, not write.
  virtual Status Scan(const ScanRange& range, ScanVisitor visit) = 0;

  // Whether pairs may carry an expiry. Where not, the four calls below work for pairs without.
  virtual bool has_expiry() const { return false; }
  // Absent once `lifetime` has passed, however the wall clock is set meanwhile.
  Status SetFor(std::string_view key, std::string_view value, std::chrono::milliseconds lifetime) {
    const auto now_ms = static_cast<std::int64_t>(NowMs());
    const std::int64_t left_ms = std::clamp<std::int64_t>(lifetime.count(), -now_ms + 1, kFarMs);
    return SetUntil(key, value, {static_cast<std::uint64_t>(now_ms + left_ms), ExpiryKind::kSpan});
  }
  // The wall clock, as expiries are told by it.
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
  // As Update(), which sets pairs without expiry.
  virtual Status UpdateEntry(std::string_view key, EntryUpdateFunction fn) {
    bool is_refused = false;
    const Status status = Update(key, [&](std::optional<std::string_view> current) {
      EntryDecision decision = fn(current ? std::optional<Entry>({.value = *current}) : std::nullopt);
      is_refused = decision.sets() && decision.expiry_ms() != kNoExpiry;
      return is_refused ? UpdateDecision::Keep() : UpdateDecision(std::move(decision));
    });
    return status && is_refused ? NoExpiryHere() : status;
  }

  // One of the keys, each with the same chance as far as nobody writes meanwhile. `below(n)`: in, a number from 0 to
  // n - 1. nullopt: none was found, though there may be some.
  virtual Result<std::optional<std::string>> RandomKey(FunctionRef<std::uint64_t(std::uint64_t n)> /*below*/) {
    return Error{.code = ErrorCode::kUnsupported, .context = "this engine does not draw keys"};
  }

  // Has one listener told of pairs that expire, instead of the one before; empty: nobody. When it returns, the one
  // before is not called any more. An engine without expiry has nothing to tell.
  virtual void ListenToExpiry(ExpiryListener /*listener*/) {}
  // For tests: whether expired pairs are removed though nobody asks for them, as they are at first. Where not, they are
  // absent all the same, and go when they are asked for.
  virtual void set_expires_actively(bool /*is_active*/) {}

  // Removes every pair. By default one after the other, in batches: others see it happen, and a crash may leave some.
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

  virtual Status Sync() = 0;     // The barrier: all that was acknowledged before survives power loss after Ok().
  virtual Status Compact() = 0;  // Gives back the space of overwritten and removed pairs; returns when done.
  virtual Result<EngineStats> Stats() = 0;

 protected:
  static constexpr std::int64_t kFarMs = std::int64_t{1} << 61;
  static Error NoExpiryHere() {
    return Error{.code = ErrorCode::kUnsupported, .context = "this engine has no expiry of pairs"};
  }
};

}  // namespace kvs
