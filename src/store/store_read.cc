// Store, the reading half: no lock, no system call, no store to shared memory but the epoch pin.

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "store/store.h"

namespace kvs::store {
namespace {

// The first key behind all keys that start with `prefix`; nullopt: there is none.
std::optional<std::string> EndOfPrefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

struct OwnedBounds {
  std::string from;
  std::optional<std::string> to;
};

OwnedBounds BoundsOf(const ScanRange& range) {
  OwnedBounds bounds{.from = std::max(range.from, range.prefix), .to = range.to};
  if (auto end = EndOfPrefix(range.prefix); end && (!bounds.to || *end < *bounds.to)) bounds.to = std::move(end);
  return bounds;
}

}  // namespace

// Where the reader should look for `key`, after the index said `found`: while a batch is being published, its keys are
// still where they were before.
base::Location Store::Resolve(std::string_view key, base::Location found) const {
  const PendingBatch* const pending = pending_.load(std::memory_order_acquire);  // P1
  if (pending == nullptr) [[likely]]
    return found;
  return pending->Find(key).value_or(found);
}

Result<std::optional<log::Record>> Store::FindRecord(std::string_view key) const {
  const index::LookUp found = index_.Find(key);
  if (found.outcome == index::Outcome::kDamaged) return records_.DamageAt(found.location);
  const bool is_found = found.outcome == index::Outcome::kFound;
  const base::Location location = Resolve(key, is_found ? found.location : base::Location());
  if (location.is_none()) return std::optional<log::Record>();
  const std::optional<log::Record> record = records_.Read(location);
  if (!record) return records_.DamageAt(location);
  if (record->type != log::RecordType::kPut) return std::optional<log::Record>();
  return record;
}

Result<bool> Store::Read(std::string_view key, ValueVisitor visit) {
  const auto guard = epochs_.Pin();
  const auto record = FindRecord(key);
  if (!record) return record.error();
  if (!*record) return false;
  visit((*record)->value);
  return true;
}

Result<std::optional<std::string>> Store::Get(std::string_view key) {
  const auto guard = epochs_.Pin();
  const auto record = FindRecord(key);
  if (!record) return record.error();
  if (!*record) return std::optional<std::string>();
  return std::optional<std::string>((*record)->value);
}

Status Store::Scan(const ScanRange& range, ScanVisitor visit) {
  const OwnedBounds bounds = BoundsOf(range);
  std::size_t left = range.limit;
  if (left == 0 || (bounds.to && *bounds.to <= bounds.from)) return Ok();
  std::optional<base::Location> damaged;
  const auto visit_entry = [&](std::string_view key, base::Location found) {
    const base::Location location = Resolve(key, found);
    if (location.is_none()) return true;
    const std::optional<log::Record> record = records_.Read(location);
    if (!record) {
      damaged = location;
      return false;
    }
    if (record->type != log::RecordType::kPut) return true;
    return visit(key, record->value) && --left > 0;
  };
  const index::Bounds limits{.from = bounds.from,
                             .to = bounds.to ? std::optional<std::string_view>(*bounds.to) : std::nullopt,
                             .reverse = range.reverse};
  const index::ScanResult result = index_.Scan(limits, visit_entry);
  if (result.outcome == index::Outcome::kDamaged) return records_.DamageAt(result.location);
  if (damaged) return records_.DamageAt(*damaged);
  return Ok();
}

}  // namespace kvs::store
