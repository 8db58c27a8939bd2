#include "store/expiry/expiry_index.h"

#include <algorithm>
#include <new>

#include "base/coding.h"
#include "base/probe.h"

namespace kvs::store {
namespace {

constexpr std::size_t kLengthBytes = 2;
constexpr std::size_t kBucketHeadBytes = 1 + 8 + 8;  // Kind, time, bytes of keys.

std::size_t LengthAt(std::string_view keys, std::size_t at) {
  return static_cast<std::size_t>(static_cast<unsigned char>(keys[at])) |
         static_cast<std::size_t>(static_cast<unsigned char>(keys[at + 1])) << 8;
}

void AppendFixed64(std::string* to, std::uint64_t value) {
  to->resize(to->size() + 8);
  base::PutFixed64(to->data() + to->size() - 8, value);
}

}  // namespace

void ExpiryIndex::Add(std::string_view key, std::uint64_t expiry_ms, ExpiryKind kind) {
  if (expiry_ms > kNever - kBucketMs) return;  // Never.
  const std::uint64_t due_ms = (expiry_ms + kBucketMs - 1) / kBucketMs * kBucketMs;
  if (!MakeRoom(kBucketBytes + kLengthBytes + key.size(), due_ms)) return NoteMissing(expiry_ms, kind);
  auto& buckets = sides_[Number(kind)].buckets;
  try {
    Note(key, &buckets[due_ms]);
  } catch (const std::bad_alloc&) {
    NoteMissing(expiry_ms, kind);
    KVS_PROBE("no memory to note an expiry");
    const auto at = buckets.find(due_ms);
    if (at != buckets.end() && at->second.keys.empty()) buckets.erase(at);
  }
}

void ExpiryIndex::Note(std::string_view key, Bucket* bucket) {
  std::string& keys = bucket->keys;
  const std::size_t at = keys.size();
  keys.resize(at + kLengthBytes + key.size());
  keys[at] = static_cast<char>(key.size() & 0xff);
  keys[at + 1] = static_cast<char>(key.size() >> 8);
  key.copy(keys.data() + at + kLengthBytes, key.size());
  bytes_ += kLengthBytes + key.size() + (at == 0 ? kBucketBytes : 0);
}

void ExpiryIndex::Add(const ExpiryIndex& other) {
  for (const ExpiryKind kind : {ExpiryKind::kPoint, ExpiryKind::kSpan}) {
    const Side& side = other.sides_[Number(kind)];
    NoteMissing(side.missing_ms, kind);
    for (const auto& [due_ms, bucket] : side.buckets) {
      AddKeys(std::string_view(bucket.keys).substr(bucket.taken), due_ms, kind);
    }
  }
}

bool ExpiryIndex::AddKeys(std::string_view keys, std::uint64_t due_ms, ExpiryKind kind) {
  while (!keys.empty()) {
    if (keys.size() < kLengthBytes || keys.size() - kLengthBytes < LengthAt(keys, 0)) return false;
    const std::size_t length = LengthAt(keys, 0);
    Add(keys.substr(kLengthBytes, length), due_ms, kind);
    keys.remove_prefix(kLengthBytes + length);
  }
  return true;
}

void ExpiryIndex::Clear() {
  sides_ = {};
  bytes_ = 0;
}

// --- Room ---

bool ExpiryIndex::MakeRoom(std::size_t bytes, std::uint64_t due_ms) {
  while (bytes_ + bytes > bytes_max_) {
    Side* const latest = Latest();
    if (latest == nullptr || latest->buckets.rbegin()->first <= due_ms) return false;
    KVS_PROBE("latest expiries make room for earlier ones");
    DropLast(latest);
  }
  return true;
}

// The side that has the latest bucket; nullptr: there are no buckets.
ExpiryIndex::Side* ExpiryIndex::Latest() {
  Side* latest = nullptr;
  for (Side& side : sides_) {
    if (side.buckets.empty()) continue;
    if (latest == nullptr || side.buckets.rbegin()->first > latest->buckets.rbegin()->first) latest = &side;
  }
  return latest;
}

// Keys of a bucket may be due up to kBucketMs before its time.
void ExpiryIndex::DropLast(Side* side) {
  const auto last = std::prev(side->buckets.end());
  bytes_ -= last->second.keys.size() + kBucketBytes;
  side->missing_ms = std::min(side->missing_ms, last->first - std::min(last->first, kBucketMs));
  side->buckets.erase(last);
}

void ExpiryIndex::NoteMissing(std::uint64_t expiry_ms, ExpiryKind kind) {
  std::uint64_t& missing_ms = sides_[Number(kind)].missing_ms;
  missing_ms = std::min(missing_ms, expiry_ms);
}

bool ExpiryIndex::IsMissingDue(const ExpiryTimes& now) const {
  return sides_[Number(ExpiryKind::kPoint)].missing_ms <= now.point_ms ||
         sides_[Number(ExpiryKind::kSpan)].missing_ms <= now.span_ms;
}

// --- What is due ---

std::optional<std::uint64_t> ExpiryIndex::LeftMs(const ExpiryTimes& now) const {
  std::optional<std::uint64_t> left_ms;
  for (const ExpiryKind kind : {ExpiryKind::kPoint, ExpiryKind::kSpan}) {
    const Side& side = sides_[Number(kind)];
    std::uint64_t next_ms = side.missing_ms;
    if (!side.buckets.empty()) next_ms = std::min(next_ms, side.buckets.begin()->first);
    if (next_ms == kNever) continue;
    const std::uint64_t left = next_ms - std::min(next_ms, now.Of(kind));
    left_ms = std::min(left_ms.value_or(kNever), left);
  }
  return left_ms;
}

// The side that has the longest overdue bucket; nullptr: nothing is due.
ExpiryIndex::Side* ExpiryIndex::MostOverdue(const ExpiryTimes& now) {
  Side* most = nullptr;
  std::uint64_t most_ms = 0;
  for (const ExpiryKind kind : {ExpiryKind::kPoint, ExpiryKind::kSpan}) {
    Side& side = sides_[Number(kind)];
    if (side.buckets.empty() || side.buckets.begin()->first > now.Of(kind)) continue;
    const std::uint64_t overdue_ms = now.Of(kind) - side.buckets.begin()->first;
    if (most != nullptr && overdue_ms <= most_ms) continue;
    most = &side;
    most_ms = overdue_ms;
  }
  return most;
}

std::vector<std::string> ExpiryIndex::TakeDue(const ExpiryTimes& now, std::size_t count) {
  std::vector<std::string> due;
  while (due.size() < count) {
    Side* const side = MostOverdue(now);
    if (side == nullptr) break;
    Bucket& bucket = side->buckets.begin()->second;
    const std::size_t length = LengthAt(bucket.keys, bucket.taken);
    due.push_back(bucket.keys.substr(bucket.taken + kLengthBytes, length));
    bucket.taken += kLengthBytes + length;
    if (bucket.taken < bucket.keys.size()) continue;
    bytes_ -= bucket.keys.size() + kBucketBytes;
    side->buckets.erase(side->buckets.begin());
  }
  return due;
}

// --- Saving ---

// For each kind the time from which on keys are missing, u64. Then the buckets: kind u8, time u64, bytes u64, keys.
std::string ExpiryIndex::Encode() const {
  std::string bytes;
  for (const Side& side : sides_) AppendFixed64(&bytes, side.missing_ms);
  for (std::size_t number = 0; number < kKinds; ++number) {
    for (const auto& [due_ms, bucket] : sides_[number].buckets) {
      const std::string_view keys = std::string_view(bucket.keys).substr(bucket.taken);
      bytes.push_back(static_cast<char>(number));
      AppendFixed64(&bytes, due_ms);
      AppendFixed64(&bytes, keys.size());
      bytes.append(keys);
    }
  }
  return bytes;
}

bool ExpiryIndex::AddEncoded(std::string_view bytes) {
  if (bytes.size() < kKinds * 8) return false;
  for (std::size_t number = 0; number < kKinds; ++number) {
    NoteMissing(base::GetFixed64(bytes.data() + 8 * number), static_cast<ExpiryKind>(number));
  }
  bytes.remove_prefix(kKinds * 8);
  while (!bytes.empty()) {
    if (bytes.size() < kBucketHeadBytes || static_cast<unsigned char>(bytes[0]) >= kKinds) return false;
    const auto kind = static_cast<ExpiryKind>(bytes[0]);
    const std::uint64_t due_ms = base::GetFixed64(bytes.data() + 1);
    const std::uint64_t key_bytes = base::GetFixed64(bytes.data() + 9);
    bytes.remove_prefix(kBucketHeadBytes);
    if (key_bytes > bytes.size() || !AddKeys(bytes.substr(0, key_bytes), due_ms, kind)) return false;
    bytes.remove_prefix(key_bytes);
  }
  return true;
}

}  // namespace kvs::store
