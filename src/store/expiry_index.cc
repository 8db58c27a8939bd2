#include "store/expiry_index.h"

#include <limits>

namespace kvs::store {
namespace {

constexpr std::size_t kLengthBytes = 2;

std::size_t LengthAt(std::string_view keys, std::size_t at) {
  return static_cast<std::size_t>(static_cast<unsigned char>(keys[at])) |
         static_cast<std::size_t>(static_cast<unsigned char>(keys[at + 1])) << 8;
}

}  // namespace

void ExpiryIndex::Add(std::string_view key, std::uint64_t expiry_ms) {
  if (expiry_ms > std::numeric_limits<std::uint64_t>::max() - kBucketMs) return;  // Never.
  if (bytes_ + kBucketBytes + kLengthBytes + key.size() > bytes_max_) {
    has_dropped_ = true;
    return;
  }
  const auto [at, is_new] = buckets_.try_emplace((expiry_ms + kBucketMs - 1) / kBucketMs * kBucketMs);
  std::string& keys = at->second.keys;
  keys.push_back(static_cast<char>(key.size() & 0xff));
  keys.push_back(static_cast<char>(key.size() >> 8));
  keys.append(key);
  bytes_ += kLengthBytes + key.size() + (is_new ? kBucketBytes : 0);
}

void ExpiryIndex::Add(const ExpiryIndex& other) {
  has_dropped_ = has_dropped_ || other.has_dropped_;
  for (const auto& [due_ms, bucket] : other.buckets_) {
    for (std::size_t at = bucket.taken; at < bucket.keys.size();) {
      const std::size_t length = LengthAt(bucket.keys, at);
      Add(std::string_view(bucket.keys).substr(at + kLengthBytes, length), due_ms);
      at += kLengthBytes + length;
    }
  }
}

std::vector<std::string> ExpiryIndex::TakeDue(std::uint64_t now_ms, std::size_t count) {
  std::vector<std::string> due;
  while (due.size() < count && has_due(now_ms)) {
    Bucket& bucket = buckets_.begin()->second;
    const std::size_t length = LengthAt(bucket.keys, bucket.taken);
    due.push_back(bucket.keys.substr(bucket.taken + kLengthBytes, length));
    bucket.taken += kLengthBytes + length;
    if (bucket.taken < bucket.keys.size()) continue;
    bytes_ -= bucket.taken + kBucketBytes;
    buckets_.erase(buckets_.begin());
  }
  return due;
}

}  // namespace kvs::store
