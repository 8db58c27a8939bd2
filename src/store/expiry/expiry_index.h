// ExpiryIndex: which keys are to be looked at when, so that expired pairs go without anybody reading them.
//
// Design      Keys in buckets by the time at which they may expire, packed: a pair that expires costs its key and two
//             bytes here, one that does not costs nothing. Entries are hints, never the truth: who takes a key looks
//             at its record, and one whose life was prolonged meanwhile is added again.
//             Points in time and spans go by clocks of their own (ExpiryClock), so they have buckets of their own.
//             Where the memory is full the latest go, and it is known from when on something is missing: when that time
//             comes, the keys are to be gathered anew.
// Threads     One at a time.
// Limits      The bytes that it is made with, kBytesMax as a rule. A key for which there is no memory is missing.
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

// What the two clocks of expiry show.
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
  void Add(const ExpiryIndex& other);  // All that it has.
  void Clear();                        // And nothing is missing any more.

  // At most `count` keys whose time has come, those first that are overdue the longest.
  std::vector<std::string> TakeDue(const ExpiryTimes& now, std::size_t count);

  bool has_due(const ExpiryTimes& now) const { return LeftMs(now) == 0; }
  // How long until keys are due, or until some that are missing may be; nullopt: nothing is here.
  std::optional<std::uint64_t> LeftMs(const ExpiryTimes& now) const;

  // When the first keys of a kind are due; the highest number: there are none.
  std::uint64_t first_ms(ExpiryKind kind) const {
    const Side& side = sides_[Number(kind)];
    return side.buckets.empty() ? kNever : side.buckets.begin()->first;
  }
  bool has_spans() const {
    const Side& spans = sides_[Number(ExpiryKind::kSpan)];
    return !spans.buckets.empty() || spans.missing_ms != kNever;
  }
  // Keys were left out whose time has come.
  bool IsMissingDue(const ExpiryTimes& now) const;
  // Whether every key that is due at this time is here.
  bool IsWhole(std::uint64_t expiry_ms, ExpiryKind kind) const { return expiry_ms < sides_[Number(kind)].missing_ms; }
  // Keys may be missing that are due from this time on.
  void NoteMissing(std::uint64_t expiry_ms, ExpiryKind kind);

  std::string Encode() const;
  // Adds what was encoded. False: it is not whole, and something of it may have been added.
  bool AddEncoded(std::string_view bytes);

 private:
  static constexpr std::size_t kKinds = 2;
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::size_t kBucketBytes = 128;  // What a bucket costs besides its keys, about.

  struct Bucket {
    std::string keys{};     // Each behind its length, 16 bits.
    std::size_t taken = 0;  // Bytes from the front.
  };
  struct Side {
    std::map<std::uint64_t, Bucket> buckets{};  // By the time at which all their keys are due.
    std::uint64_t missing_ms = kNever;
  };

  static std::size_t Number(ExpiryKind kind) { return static_cast<std::size_t>(kind); }
  // Whether there is room for so much more that is due at `due_ms`: what is due later makes place for it.
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
