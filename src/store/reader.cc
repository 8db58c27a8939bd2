#include "store/reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/probe.h"
#include "base/try.h"
#include "base/uninitialized_array.h"

namespace kvs::store {
namespace {

// The first key after all keys that start with `prefix`; nullopt: there is none.
std::optional<std::string> EndOfPrefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace

// While a batch is being published, its keys keep their earlier locations. found: in, the location in the index.
base::Location Reader::LocationBeforeBatch(std::string_view key, base::Location found) const {
  const PendingBatch* const pending = parts_.pending.Current();
  if (pending == nullptr) [[likely]]
    return found;
  return pending->Find(key).value_or(found);
}

// The index may have found a record of a batch that is not visible yet: a tombstone, if the batch removes the key.
index::LookUp Reader::ToVisible(std::string_view key, const index::LookUp& found, log::Record& record) const {
  if (found.outcome == index::Outcome::kDamaged) return found;
  const bool is_found = found.outcome == index::Outcome::kFound;
  const base::Location location = LocationBeforeBatch(key, is_found ? found.location : base::Location());
  if (location.is_none()) return {index::Outcome::kAbsent, {}};
  if (!is_found || location != found.location) [[unlikely]] {
    KVS_PROBE("reader sees a key as before the batch");
    const std::optional<log::Record> before = parts_.records.Read(location);
    if (!before) return {index::Outcome::kDamaged, location};
    record = *before;
  }
  if (record.type != log::RecordType::kPut) return {index::Outcome::kAbsent, {}};
  return {parts_.clock.HasExpired(record) ? index::Outcome::kAbsent : index::Outcome::kFound, location};
}

index::LookUp Reader::Find(std::string_view key, log::Record& record) const {
  const index::LookUp found =
      parts_.index.Find(key, [&](base::Location location) { return parts_.records.ReadIfSame(location, key, record); });
  return ToVisible(key, found, record);
}

Result<std::optional<log::Record>> Reader::FindRecord(std::string_view key) const {
  log::Record record{};
  const index::LookUp found = Find(key, record);
  if (found.outcome == index::Outcome::kDamaged) return parts_.records.DamageAt(found.location);
  if (found.outcome == index::Outcome::kAbsent) return std::optional<log::Record>();
  return std::optional<log::Record>(record);
}

Result<bool> Reader::Read(std::string_view key, ValueVisitor visit) const {
  return ReadEntry(key, [&](const Entry& entry) { visit(entry.value); });
}

Result<bool> Reader::ReadEntry(std::string_view key, EntryVisitor visit) const {
  const auto guard = parts_.epochs.Pin();
  log::Record record;  // NOLINT(cppcoreguidelines-pro-type-member-init): set if the key is found.
  const index::LookUp found = Find(key, record);
  if (found.outcome == index::Outcome::kDamaged) return parts_.records.DamageAt(found.location);
  if (found.outcome == index::Outcome::kAbsent) {
    if (!found.location.is_none()) parts_.expirer.NoteFound(record);
    return false;
  }
  visit({.value = record.value, .expiry_ms = parts_.clock.ToShown(record.expiry())});
  return true;
}

Result<std::optional<std::string>> Reader::Get(std::string_view key) const {
  std::optional<std::string> value;
  const Result<bool> found = Read(key, [&](std::string_view bytes) { value.emplace(bytes); });
  if (!found) return found.error();
  return value;
}

Status Reader::MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) const {
  for (std::size_t first = 0; first < keys.size(); first += index::Tree::kTogetherMax) {
    const std::size_t count = std::min(keys.size() - first, index::Tree::kTogetherMax);
    KVS_TRY(MultiGetTogether(keys.subspan(first, count), first, visit));
  }
  return Ok();
}

Status Reader::MultiGetTogether(std::span<const std::string_view> keys, std::size_t first,
                                MultiGetVisitor visit) const {
  const auto guard = parts_.epochs.Pin();
  base::UninitializedArray<log::Record, index::Tree::kTogetherMax> records;  // Set if the key is found.
  base::UninitializedArray<index::LookUp, index::Tree::kTogetherMax> found;
  parts_.index.FindMany(
      keys,
      [&](std::size_t i, base::Location location) { return parts_.records.ReadIfSame(location, keys[i], records[i]); },
      found.first(keys.size()));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const index::LookUp visible = ToVisible(keys[i], found[i], records[i]);
    if (visible.outcome == index::Outcome::kDamaged) return parts_.records.DamageAt(visible.location);
    if (visible.outcome == index::Outcome::kFound) {
      visit(first + i, records[i].value);
    } else {
      if (!visible.location.is_none()) parts_.expirer.NoteFound(records[i]);
      visit(first + i, std::nullopt);
    }
  }
  return Ok();
}

void Reader::Prefetch(std::span<const std::string_view> keys) const {
  const auto guard = parts_.epochs.Pin();
  base::UninitializedArray<index::LeafHint, index::Tree::kTogetherMax> unused;
  for (std::size_t first = 0; first < keys.size(); first += index::Tree::kTogetherMax) {
    const std::size_t count = std::min(keys.size() - first, index::Tree::kTogetherMax);
    parts_.index.PrefetchMany(keys.subspan(first, count), unused.first(count));
  }
}

// Reads the records of a leaf once, for their keys and for their values.
class Reader::ScanReader final : public index::LeafReader {
 public:
  ScanReader(const Parts& parts, std::size_t limit, ScanVisitor visit) : parts_(parts), left_(limit), visit_(visit) {}

  void Prefetch(std::span<const base::Location> locations) override { parts_.records.PrefetchMany(locations); }

  std::optional<base::Location> Read(std::span<const base::Location> locations,
                                     std::span<std::string_view> keys) override {
    if (const auto bad = parts_.records.ReadMany(locations, records_)) return bad;
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = records_[i].key;
    pending_ = parts_.pending.Current();
    return std::nullopt;
  }

  bool Visit(std::span<const std::uint8_t> places) override {
    if (pending_ != nullptr) [[unlikely]]
      return std::all_of(places.begin(), places.end(), [this](auto place) { return VisitAsBefore(records_[place]); });
    return std::all_of(places.begin(), places.end(), [this](auto place) { return VisitRecord(records_[place]); });
  }

  // A damaged record that the index no longer points at, but a pending batch does; nullopt: there was none.
  const std::optional<base::Location>& damaged() const { return damaged_; }

 private:
  bool VisitRecord(const log::Record& record) {
    if (record.type != log::RecordType::kPut) return true;
    if (parts_.clock.HasExpired(record)) {
      parts_.expirer.NoteFound(record);
      return true;
    }
    return visit_(record.key, record.value) && --left_ > 0;
  }

  // Visits the pair as it was before the batch that is being published.
  bool VisitAsBefore(const log::Record& found) {
    const std::optional<base::Location> location = pending_->Find(found.key);
    if (!location) return VisitRecord(found);
    if (location->is_none()) return true;
    KVS_PROBE("scan sees a key as before the batch");
    const std::optional<log::Record> record = parts_.records.Read(*location);
    if (record) return VisitRecord(*record);
    damaged_ = *location;
    return false;
  }

  const Parts& parts_;
  std::size_t left_;
  const ScanVisitor visit_;
  std::array<log::Record, index::Leaf::kSlots> records_;  // The records of the leaf that was read last.
  const PendingBatch* pending_ = nullptr;                 // The pending batch when the leaf was read.
  std::optional<base::Location> damaged_;
};

Status Reader::Scan(const ScanRange& range, ScanVisitor visit) const {
  const std::optional<std::string> end_of_prefix = EndOfPrefix(range.prefix);
  index::Bounds bounds{.from = std::max<std::string_view>(range.from, range.prefix),
                       .to = range.to ? std::optional<std::string_view>(*range.to) : std::nullopt,
                       .reverse = range.reverse,
                       .expected = range.limit};
  if (end_of_prefix && (!bounds.to || *end_of_prefix < *bounds.to)) bounds.to = *end_of_prefix;
  if (range.limit == 0 || (bounds.to && *bounds.to <= bounds.from)) return Ok();
  ScanReader reader(parts_, range.limit, visit);
  const index::ScanResult result = parts_.index.Scan(bounds, reader);
  if (result.outcome == index::Outcome::kDamaged) return parts_.records.DamageAt(result.location);
  if (reader.damaged()) return parts_.records.DamageAt(*reader.damaged());
  return Ok();
}

// The index draws a record. Reading its key tells whether the pair is visible and has not expired.
Result<std::optional<std::string>> Reader::RandomKey(FunctionRef<std::uint64_t(std::uint64_t n)> below) const {
  constexpr int kDrawsMax = 4'096;
  for (int draw = 0; draw < kDrawsMax && parts_.index.size() > 0; ++draw) {
    std::string key;
    {
      const auto guard = parts_.epochs.Pin();
      const std::optional<base::Location> drawn = parts_.index.DrawEntry(below);
      if (!drawn) continue;
      const std::optional<std::string_view> drawn_key = parts_.index.keys().UncheckedKeyAt(*drawn);
      if (!drawn_key) return parts_.records.DamageAt(*drawn);
      key = *drawn_key;
    }
    KVS_TRY_ASSIGN(const bool is_there, Read(key, [](std::string_view) {}));
    if (is_there) return std::optional<std::string>(std::move(key));
  }
  KVS_PROBE_IF(parts_.index.size() > 0, "no draw finds a random key");
  return std::optional<std::string>();
}

}  // namespace kvs::store
