#include "keyspace/transaction_keyspace.h"

#include <algorithm>
#include <utility>

#include "base/try.h"

namespace kvs::server {
namespace {

constexpr std::size_t kOperationBytes = 31;  // What an engine counts for an operation beside its bytes.

// The least string that is greater than all that begin with `prefix`; nullopt: there is none.
std::optional<std::string> EndOfPrefix(std::string_view prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.remove_suffix(1);
  if (prefix.empty()) return std::nullopt;
  std::string end(prefix);
  end.back() = static_cast<char>(end.back() + 1);
  return end;
}

}  // namespace

std::optional<Entry> TransactionKeyspace::Live(const std::optional<Value>& value) const {
  if (!value || (value->expiry_ms != kNoExpiry && value->expiry_ms <= now_ms_)) return std::nullopt;
  return Entry{.value = value->bytes, .expiry_ms = value->expiry_ms};
}

std::uint64_t TransactionKeyspace::BytesOf(std::string_view key, const std::optional<Value>& value) {
  return key.size() + (value ? value->bytes.size() : 0) + kOperationBytes;
}

Status TransactionKeyspace::Note(std::string_view key, std::optional<Value> value) {
  KVS_TRY(status_);
  const auto found = changes_.find(key);
  const std::uint64_t before = found == changes_.end() ? 0 : BytesOf(key, found->second);
  const std::uint64_t bytes = bytes_ - before + BytesOf(key, value);
  if (bytes > kBatchBytesMax) {
    status_ = Error{.code = ErrorCode::kInvalidArgument,
                    .context = "a transaction writes at most " + std::to_string(kBatchBytesMax) + " bytes"};
    return status_;
  }
  loan_.Set(2 * bytes);  // Here, and in the batch.
  bytes_ = bytes;
  const bool is_there = value.has_value();
  const auto change = changes_.insert_or_assign(std::string(key), std::move(value)).first;
  NoteForCount(change->first, is_there);
  return Ok();
}

// What has been counted stays counted; the rest waits for the next Count().
void TransactionKeyspace::NoteForCount(const std::string& key, bool is_there) {
  const auto counted = counted_.find(&key);
  if (counted == counted_.end()) {
    uncounted_.push_back(&key);
    return;
  }
  difference_ += static_cast<std::int64_t>(is_there) - static_cast<std::int64_t>(counted->second);
  counted->second = is_there;
}

Result<bool> TransactionKeyspace::Read(std::string_view key, EntryVisitor visit) {
  if (const auto found = changes_.find(key); found != changes_.end()) {
    const std::optional<Entry> entry = Live(found->second);
    if (entry) visit(*entry);
    return entry.has_value();
  }
  if (is_cleared_) return false;
  return below_.Read(key, visit);
}

Status TransactionKeyspace::MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    KVS_TRY_ASSIGN(const bool found, Read(keys[i], [&](const Entry& entry) { visit(i, entry.value); }));
    if (!found) visit(i, std::nullopt);
  }
  return Ok();
}

Status TransactionKeyspace::Set(std::string_view key, std::string_view value, Expiry expiry_ms) {
  KVS_TRY(CheckPair(key, value));
  return Note(key, Value{.bytes = std::string(value), .expiry_ms = expiry_ms});
}

Status TransactionKeyspace::Update(std::string_view key, EntryUpdateFunction fn) {
  std::string current;
  std::optional<Entry> entry;
  ClientMemory::Loan of_current(loan_.account());
  KVS_TRY_ASSIGN(const bool found, Read(key, [&](const Entry& now) {
                   of_current.Add(now.value.size());
                   current = now.value;
                   entry = now;
                 }));
  if (found) entry->value = current;
  const EntryDecision decision = fn(entry);
  if (decision.keeps() || (decision.removes() && !found)) return Ok();
  if (decision.sets()) return Set(key, decision.value(), decision.expiry_ms());
  return Note(key, std::nullopt);
}

Result<bool> TransactionKeyspace::Remove(std::string_view key) {
  KVS_TRY_ASSIGN(const bool found, Read(key, [](const Entry&) {}));
  if (found) KVS_TRY(Note(key, std::nullopt));
  return found;
}

Status TransactionKeyspace::Write(const WriteBatch& batch) {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    KVS_TRY(CheckPair(operation.key, operation.value ? std::string_view(*operation.value) : std::string_view()));
  }
  for (const WriteBatch::Operation& operation : batch.operations()) {
    std::optional<Value> value;
    if (operation.value) value = {.bytes = *operation.value, .expiry_ms = operation.expiry_ms};
    KVS_TRY(Note(operation.key, std::move(value)));
  }
  return Ok();
}

// Of the changes, those of the range.
TransactionKeyspace::ChangeRange TransactionKeyspace::ChangesIn(const ScanRange& range) const {
  const std::string_view low = std::max<std::string_view>(range.from, range.prefix);
  std::optional<std::string> high = EndOfPrefix(range.prefix);
  if (range.to && (!high || *range.to < *high)) high = *range.to;
  if (high && *high <= low) return {changes_.end(), changes_.end()};
  return {changes_.lower_bound(low), high ? changes_.lower_bound(*high) : changes_.end()};
}

// Two ordered sources made one: those of `below_`, and the changes, which win.
Status TransactionKeyspace::Scan(const ScanRange& range, ScanVisitor visit) {
  ChangeRange changes = ChangesIn(range);
  const auto is_left = [&] { return changes.first != changes.last; };
  const auto next = [&] { return range.reverse ? std::prev(changes.last) : changes.first; };
  std::size_t left = range.limit;
  const auto visit_change = [&] {
    const auto& [key, value] = *next();
    if (range.reverse) {
      --changes.last;
    } else {
      ++changes.first;
    }
    const std::optional<Entry> entry = Live(value);
    return !entry || (visit(key, entry->value) && --left > 0);
  };
  bool goes_on = left > 0;
  if (!is_cleared_ && goes_on) {
    ScanRange all = range;
    all.limit = std::numeric_limits<std::size_t>::max();
    KVS_TRY(below_.Scan(all, [&](std::string_view key, std::string_view value) {
      while (goes_on && is_left() && (range.reverse ? next()->first > key : next()->first < key)) {
        goes_on = visit_change();
      }
      if (!goes_on) return false;
      if (is_left() && next()->first == key) return goes_on = visit_change();
      return goes_on = visit(key, value) && --left > 0;
    }));
  }
  while (goes_on && is_left()) goes_on = visit_change();
  return Ok();
}

Status TransactionKeyspace::Clear() {
  KVS_TRY(status_);
  changes_.clear();
  counted_.clear();
  uncounted_.clear();
  difference_ = 0;
  bytes_ = 0;
  loan_.Set(0);
  is_cleared_ = true;
  return Ok();
}

// A change is compared with what is below once, however often the transaction counts.
Result<std::uint64_t> TransactionKeyspace::Count() {
  for (const std::string* key : uncounted_) {
    if (counted_.contains(key)) continue;
    bool was_there = false;
    if (!is_cleared_) {
      KVS_TRY_ASSIGN(was_there, below_.Read(*key, [](const Entry&) {}));
    }
    const bool is_there = changes_.find(*key)->second.has_value();
    counted_.emplace(key, is_there);
    difference_ += static_cast<std::int64_t>(is_there) - static_cast<std::int64_t>(was_there);
  }
  uncounted_.clear();
  std::uint64_t below = 0;
  if (!is_cleared_) {
    KVS_TRY_ASSIGN(below, below_.Count());
  }
  return below + static_cast<std::uint64_t>(difference_);
}

// Of a cleared keyspace: what is below and was not written again. Up to what fits into a batch.
Status TransactionKeyspace::AddRemovals(WriteBatch* batch) {
  KVS_TRY(below_.Scan({}, [&](std::string_view key, std::string_view) {
    if (changes_.contains(key)) return true;
    bytes_ += key.size() + kOperationBytes;
    if (bytes_ > kBatchBytesMax) return false;
    loan_.Set(2 * bytes_);
    batch->Remove(key);
    return true;
  }));
  if (bytes_ <= kBatchBytesMax) return Ok();
  return Error{.code = ErrorCode::kInvalidArgument, .context = "too many keys to flush in a transaction"};
}

Status TransactionKeyspace::Commit() {
  KVS_TRY(status_);
  WriteBatch batch;
  if (is_cleared_) KVS_TRY(AddRemovals(&batch));
  for (const auto& [key, value] : changes_) {
    if (value) {
      batch.Set(key, value->bytes, value->expiry_ms);
    } else {
      batch.Remove(key);
    }
  }
  if (batch.empty()) return Ok();
  return below_.Write(batch);
}

}  // namespace kvs::server
