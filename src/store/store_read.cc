// Store, the reading half: no lock, no system call, no store to shared memory but the epoch pin.

#include <algorithm>
#include <array>
#include <utility>

#include "base/probe.h"
#include "base/try.h"
#include "base/uninitialized_array.h"
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

}  // namespace

// Where the reader should look for `key`, after the index said `found`: while a batch is being published, its keys are
// still where they were before.
base::Location Store::Resolve(std::string_view key, base::Location found) const {
  const PendingBatch* const pending = pending_.load(std::memory_order_acquire);  // P1
  if (pending == nullptr) [[likely]]
    return found;
  return pending->Find(key).value_or(found);
}

// What the index found may be of a batch that is not visible yet, and is a tombstone where that batch removes the key.
// kAbsent with a location: `record` is there, and has expired.
index::LookUp Store::Settle(std::string_view key, const index::LookUp& found, log::Record& record) const {
  if (found.outcome == index::Outcome::kDamaged) return found;
  const bool is_found = found.outcome == index::Outcome::kFound;
  const base::Location location = Resolve(key, is_found ? found.location : base::Location());
  if (location.is_none()) return {index::Outcome::kAbsent, {}};
  if (!is_found || location != found.location) [[unlikely]] {
    KVS_PROBE("reader sees a key as before the batch");
    const std::optional<log::Record> before = records_.Read(location);
    if (!before) return {index::Outcome::kDamaged, location};
    record = *before;
  }
  if (record.type != log::RecordType::kPut) return {index::Outcome::kAbsent, {}};
  return {clock_.HasExpired(record) ? index::Outcome::kAbsent : index::Outcome::kFound, location};
}

// kFound: `record` is that of the key, every byte of it checked.
index::LookUp Store::Find(std::string_view key, log::Record& record) const {
  const index::LookUp found =
      index_.Find(key, [&](base::Location location) { return records_.ReadIfSame(location, key, record); });
  return Settle(key, found, record);
}

Result<std::optional<log::Record>> Store::FindRecord(std::string_view key) const {
  log::Record record{};
  const index::LookUp found = Find(key, record);
  if (found.outcome == index::Outcome::kDamaged) return records_.DamageAt(found.location);
  if (found.outcome == index::Outcome::kAbsent) return std::optional<log::Record>();
  return std::optional<log::Record>(record);
}

Result<bool> Store::Read(std::string_view key, ValueVisitor visit) {
  return ReadEntry(key, [&](const Entry& entry) { visit(entry.value); });
}

Result<bool> Store::ReadEntry(std::string_view key, EntryVisitor visit) {
  const auto guard = epochs_.Pin();
  log::Record record;  // NOLINT(cppcoreguidelines-pro-type-member-init): whole where the key was found.
  const index::LookUp found = Find(key, record);
  if (found.outcome == index::Outcome::kDamaged) return records_.DamageAt(found.location);
  if (found.outcome == index::Outcome::kAbsent) {
    if (!found.location.is_none()) expirer_.NoteFound(record);
    return false;
  }
  visit({.value = record.value, .expiry_ms = clock_.ToShown(record.expiry())});
  return true;
}

Result<std::optional<std::string>> Store::Get(std::string_view key) {
  std::optional<std::string> value;
  const Result<bool> found = Read(key, [&](std::string_view bytes) { value.emplace(bytes); });
  if (!found) return found.error();
  return value;
}

Status Store::MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) {
  for (std::size_t first = 0; first < keys.size(); first += index::Tree::kTogetherMax) {
    const std::size_t count = std::min(keys.size() - first, index::Tree::kTogetherMax);
    KVS_TRY(MultiGetTogether(keys.subspan(first, count), first, visit));
  }
  return Ok();
}

Status Store::MultiGetTogether(std::span<const std::string_view> keys, std::size_t first, MultiGetVisitor visit) {
  const auto guard = epochs_.Pin();
  base::UninitializedArray<log::Record, index::Tree::kTogetherMax> records;  // Whole where the key was found.
  base::UninitializedArray<index::LookUp, index::Tree::kTogetherMax> found;
  index_.FindMany(
      keys, [&](std::size_t i, base::Location location) { return records_.ReadIfSame(location, keys[i], records[i]); },
      found.first(keys.size()));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const index::LookUp settled = Settle(keys[i], found[i], records[i]);
    if (settled.outcome == index::Outcome::kDamaged) return records_.DamageAt(settled.location);
    if (settled.outcome == index::Outcome::kFound) {
      visit(first + i, records[i].value);
    } else {
      if (!settled.location.is_none()) expirer_.NoteFound(records[i]);
      visit(first + i, std::nullopt);
    }
  }
  return Ok();
}

// Reads the records of a leaf once, for their keys and for their values.
class Store::ScanReader final : public index::LeafReader {
 public:
  ScanReader(Store& store, std::size_t limit, ScanVisitor visit) : store_(store), left_(limit), visit_(visit) {}

  void Prefetch(std::span<const base::Location> locations) override { store_.records_.PrefetchMany(locations); }

  std::optional<base::Location> Read(std::span<const base::Location> locations,
                                     std::span<std::string_view> keys) override {
    if (const auto bad = store_.records_.ReadMany(locations, records_)) return bad;
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = records_[i].key;
    pending_ = store_.pending_.load(std::memory_order_acquire);  // P1
    return std::nullopt;
  }

  bool Visit(std::span<const std::uint8_t> places) override {
    if (pending_ != nullptr) [[unlikely]]
      return std::all_of(places.begin(), places.end(), [this](auto place) { return VisitAsBefore(records_[place]); });
    return std::all_of(places.begin(), places.end(), [this](auto place) { return VisitRecord(records_[place]); });
  }

  // A record that had to be read besides those of the index, and is damaged.
  const std::optional<base::Location>& damaged() const { return damaged_; }

 private:
  bool VisitRecord(const log::Record& record) {
    if (record.type != log::RecordType::kPut) return true;
    if (store_.clock_.HasExpired(record)) {
      store_.expirer_.NoteFound(record);
      return true;
    }
    return visit_(record.key, record.value) && --left_ > 0;
  }

  // While a batch is being published its keys show what they were before it.
  bool VisitAsBefore(const log::Record& found) {
    const std::optional<base::Location> location = pending_->Find(found.key);
    if (!location) return VisitRecord(found);
    if (location->is_none()) return true;
    KVS_PROBE("scan sees a key as before the batch");
    const std::optional<log::Record> record = store_.records_.Read(*location);
    if (record) return VisitRecord(*record);
    damaged_ = *location;
    return false;
  }

  Store& store_;
  std::size_t left_;
  const ScanVisitor visit_;
  std::array<log::Record, index::Leaf::kSlots> records_;  // Of the leaf that was read last.
  const PendingBatch* pending_ = nullptr;                 // When it was read.
  std::optional<base::Location> damaged_;
};

Status Store::Scan(const ScanRange& range, ScanVisitor visit) {
  const std::optional<std::string> end_of_prefix = EndOfPrefix(range.prefix);
  index::Bounds bounds{.from = std::max<std::string_view>(range.from, range.prefix),
                       .to = range.to ? std::optional<std::string_view>(*range.to) : std::nullopt,
                       .reverse = range.reverse,
                       .expected = range.limit};
  if (end_of_prefix && (!bounds.to || *end_of_prefix < *bounds.to)) bounds.to = *end_of_prefix;
  if (range.limit == 0 || (bounds.to && *bounds.to <= bounds.from)) return Ok();
  ScanReader reader(*this, range.limit, visit);
  const index::ScanResult result = index_.Scan(bounds, reader);
  if (result.outcome == index::Outcome::kDamaged) return records_.DamageAt(result.location);
  if (reader.damaged()) return records_.DamageAt(*reader.damaged());
  return Ok();
}

// The index draws a record; reading its key tells whether it is there for others too, and not expired.
Result<std::optional<std::string>> Store::RandomKey(FunctionRef<std::uint64_t(std::uint64_t n)> below) {
  constexpr int kDrawsMax = 4'096;
  for (int draw = 0; draw < kDrawsMax && index_.size() > 0; ++draw) {
    std::string key;
    {
      const auto guard = epochs_.Pin();
      const std::optional<base::Location> drawn = index_.DrawEntry(below);
      if (!drawn) continue;
      const std::optional<std::string_view> drawn_key = index_.keys().UncheckedKeyAt(*drawn);
      if (!drawn_key) return records_.DamageAt(*drawn);
      key = *drawn_key;
    }
    KVS_TRY_ASSIGN(const bool is_there, Read(key, [](std::string_view) {}));
    if (is_there) return std::optional<std::string>(std::move(key));
  }
  KVS_PROBE_IF(index_.size() > 0, "no draw finds a random key");
  return std::optional<std::string>();
}

}  // namespace kvs::store
