// ExpiryIndex: which keys are to be looked at when, so that expired pairs go without anybody reading them.
//
// Design      Keys in buckets by the time at which they may expire, packed: a pair that expires costs its key and two
//             bytes here, one that does not costs nothing. Entries are hints, never the truth: who takes a key looks
//             at its record, and one whose life was prolonged meanwhile is added again.
// Threads     One at a time.
// Limits      kBytesMax. What does not fit is not noted: such a pair is absent when its time has come as any other,
//             and its space is given back when its key is written again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kvs::store {

class ExpiryIndex {
 public:
  static constexpr std::size_t kBytesMax = std::size_t{64} << 20;
  static constexpr std::uint64_t kBucketMs = 128;

  explicit ExpiryIndex(std::size_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}

  void Add(std::string_view key, std::uint64_t expiry_ms);
  void Add(const ExpiryIndex& other);  // All that it has.

  // At most `count` keys, whose time has come at `now_ms`, the oldest first.
  std::vector<std::string> TakeDue(std::uint64_t now_ms, std::size_t count);

  bool empty() const { return buckets_.empty(); }
  std::uint64_t next_ms() const { return buckets_.begin()->first; }  // When keys are due; not of an empty index.
  bool has_due(std::uint64_t now_ms) const { return !empty() && next_ms() <= now_ms; }
  bool has_dropped() const { return has_dropped_; }  // Something was not noted.

 private:
  struct Bucket {
    std::string keys{};     // Each behind its length, 16 bits.
    std::size_t taken = 0;  // Bytes from the front.
  };
  static constexpr std::size_t kBucketBytes = 128;  // What a bucket costs besides its keys, about.

  const std::size_t bytes_max_;              // Constant after construction.
  std::map<std::uint64_t, Bucket> buckets_;  // By the time at which all their keys are due.
  std::size_t bytes_ = 0;
  bool has_dropped_ = false;
};

}  // namespace kvs::store
