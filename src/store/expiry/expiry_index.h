// ExpiryIndex: when to look at which key, so expired pairs are removed even if nobody reads them.
//
// Design      Keys are in buckets by the time when they may expire, and packed. A pair that expires costs its key and
//             two bytes here, any other pair nothing. Entries are hints, not the truth: the expirer looks at the record
//             of each key that it takes, and adds the key again if the pair lives longer now. Points in time and spans
//             have buckets of their own, because their clocks differ (ExpiryClock). If the memory is full, the latest
//             keys are dropped, and the index notes from which time on keys are missing. When that time comes, the keys
//             must be gathered again.
// Threads     One thread at a time.
// Limits      The bytes given to the constructor, by default kBytesMax. A key without room counts as missing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/tunable.h"
#include "kvs/engine.h"

namespace kvs::store {

// The times of the two clocks of expiry.
struct ExpiryTimes {
  std::uint64_t point_ms = 0;
  std::uint64_t span_ms = 0;

  std::uint64_t Of(ExpiryKind kind) const { return kind == ExpiryKind::kPoint ? point_ms : span_ms; }
};

class ExpiryIndex {
 public:
  KVS_TUNABLE(std::size_t, kBytesMax, std::size_t{64} << 20, 4'096, std::size_t{64} << 20);
  static constexpr std::uint64_t kBucketMs = 128;

  explicit ExpiryIndex(std::size_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}

  void Add(std::string_view key, std::uint64_t expiry_ms, ExpiryKind kind);
  void Add(const ExpiryIndex& other);  // Adds everything that `other` has.
  void Clear();                        // Afterwards no key is missing.

  // Removes and returns at most `count` keys whose time has come, the longest overdue first.
  std::vector<std::string> TakeDue(const ExpiryTimes& now, std::size_t count);

  bool has_due(const ExpiryTimes& now) const { return LeftMs(now) == 0; }
  // The time until a key is due, or until a missing key may be; nullopt: there is no such key.
  std::optional<std::uint64_t> LeftMs(const ExpiryTimes& now) const;

  // The time when the first keys of a kind are due; the highest number: there are none.
  std::uint64_t first_ms(ExpiryKind kind) const {
    const Side& side = sides_[Number(kind)];
    return side.buckets.empty() ? kNever : side.buckets.begin()->first;
  }
  bool has_spans() const {
    const Side& spans = sides_[Number(ExpiryKind::kSpan)];
    return !spans.buckets.empty() || spans.missing_ms != kNever;
  }
  // Whether a missing key may be due.
  bool IsMissingDue(const ExpiryTimes& now) const;
  // Whether no key that is due at this time is missing.
  bool IsWhole(std::uint64_t expiry_ms, ExpiryKind kind) const { return expiry_ms < sides_[Number(kind)].missing_ms; }
  // From now on, keys that are due at this time or later may be missing.
  void NoteMissing(std::uint64_t expiry_ms, ExpiryKind kind);

  std::string Encode() const;
  // Adds the result of an Encode(). False: `bytes` is cut off or damaged, and a part of it may have been added.
  bool AddEncoded(std::string_view bytes);

 private:
  static constexpr std::size_t kKinds = 2;
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::size_t kBucketBytes = 128;  // About what a bucket costs besides its keys.

  struct Bucket {
    std::string keys{};     // Each key after its length of 16 bits.
    std::size_t taken = 0;  // The bytes at the front that were taken.
  };
  struct Side {
    std::map<std::uint64_t, Bucket> buckets{};  // By the time when all keys of the bucket are due.
    std::uint64_t missing_ms = kNever;          // From this time on, keys may be missing.
  };

  static std::size_t Number(ExpiryKind kind) { return static_cast<std::size_t>(kind); }
  // Makes room for `bytes` that are due at `due_ms`, by dropping later buckets. False: there is not enough room.
  bool MakeRoom(std::size_t bytes, std::uint64_t due_ms);
  void DropLast(Side* side);
  Side* Latest();
  Side* MostOverdue(const ExpiryTimes& now);
  void Note(std::string_view key, Bucket* bucket);
  bool AddKeys(std::string_view keys, std::uint64_t due_ms, ExpiryKind kind);

  const std::size_t bytes_max_;  // Constant after construction.
  std::array<Side, kKinds> sides_{};
  std::size_t bytes_ = 0;
};

}  // namespace kvs::store
