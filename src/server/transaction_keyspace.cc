#include "server/transaction_keyspace.h"

#include <algorithm>
#include <utility>

#include "base/try.h"

namespace kvs::server {
namespace {

bool IsWithin(std::string_view key, const ScanRange& range) {
  return key >= range.from && (!range.to || key < *range.to) && key.starts_with(range.prefix);
}

}  // namespace

std::optional<Entry> TransactionKeyspace::Live(const std::optional<Value>& value) const {
  if (!value || (value->expiry_ms != kNoExpiry && value->expiry_ms <= now_ms_)) return std::nullopt;
  return Entry{.value = value->bytes, .expiry_ms = value->expiry_ms};
}

void TransactionKeyspace::Note(std::string_view key, std::optional<Value> value) {
  changes_.insert_or_assign(std::string(key), std::move(value));
}

Status TransactionKeyspace::CheckPair(std::string_view key, std::string_view value) const {
  if (key.size() > kKeyBytesMax) return Error{.code = ErrorCode::kInvalidArgument, .context = "the key is too long"};
  if (value.size() <= kValueBytesMax) return Ok();
  return Error{.code = ErrorCode::kInvalidArgument, .context = "the value is too long"};
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

Status TransactionKeyspace::Set(std::string_view key, std::string_view value, std::uint64_t expiry_ms) {
  KVS_TRY(CheckPair(key, value));
  Note(key, Value{.bytes = std::string(value), .expiry_ms = expiry_ms});
  return Ok();
}

Status TransactionKeyspace::Update(std::string_view key, EntryUpdateFunction fn) {
  std::string current;
  std::optional<Entry> entry;
  KVS_TRY_ASSIGN(const bool found, Read(key, [&](const Entry& now) {
                   current = now.value;
                   entry = now;
                 }));
  if (found) entry->value = current;
  const EntryDecision decision = fn(entry);
  if (decision.keeps() || (decision.removes() && !found)) return Ok();
  if (decision.sets()) return Set(key, decision.value(), decision.expiry_ms());
  Note(key, std::nullopt);
  return Ok();
}

Result<bool> TransactionKeyspace::Remove(std::string_view key) {
  KVS_TRY_ASSIGN(const bool found, Read(key, [](const Entry&) {}));
  if (found) Note(key, std::nullopt);
  return found;
}

Status TransactionKeyspace::Write(const WriteBatch& batch) {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    KVS_TRY(CheckPair(operation.key, operation.value ? std::string_view(*operation.value) : std::string_view()));
  }
  for (const WriteBatch::Operation& operation : batch.operations()) {
    std::optional<Value> value;
    if (operation.value) value = {.bytes = *operation.value, .expiry_ms = operation.expiry_ms};
    Note(operation.key, std::move(value));
  }
  return Ok();
}

// Two ordered sources made one: those of `below_`, and the changes, which win.
Status TransactionKeyspace::Scan(const ScanRange& range, ScanVisitor visit) {
  std::vector<Changes::const_iterator> changes;
  for (auto at = changes_.lower_bound(range.from); at != changes_.end(); ++at) {
    if (IsWithin(at->first, range)) changes.emplace_back(at);
  }
  if (range.reverse) std::reverse(changes.begin(), changes.end());

  std::size_t left = range.limit;
  auto next = changes.begin();
  const auto visit_change = [&] {
    const auto& [key, value] = **next++;
    const std::optional<Entry> entry = Live(value);
    return !entry || (visit(key, entry->value) && --left > 0);
  };
  bool goes_on = left > 0;
  if (!is_cleared_ && goes_on) {
    ScanRange all = range;
    all.limit = std::numeric_limits<std::size_t>::max();
    KVS_TRY(below_.Scan(all, [&](std::string_view key, std::string_view value) {
      while (goes_on && next != changes.end() && (range.reverse ? (*next)->first > key : (*next)->first < key)) {
        goes_on = visit_change();
      }
      if (!goes_on) return false;
      if (next != changes.end() && (*next)->first == key) return goes_on = visit_change();
      return goes_on = visit(key, value) && --left > 0;
    }));
  }
  while (goes_on && next != changes.end()) goes_on = visit_change();
  return Ok();
}

Status TransactionKeyspace::Clear() {
  changes_.clear();
  is_cleared_ = true;
  return Ok();
}

Result<std::uint64_t> TransactionKeyspace::Count() {
  std::uint64_t count = 0;
  if (!is_cleared_) {
    KVS_TRY_ASSIGN(count, below_.Count());
  }
  for (const auto& [key, value] : changes_) {
    bool was_there = false;
    if (!is_cleared_) {
      KVS_TRY_ASSIGN(was_there, below_.Read(key, [](const Entry&) {}));
    }
    if (value && !was_there) ++count;
    if (!value && was_there) --count;
  }
  return count;
}

// Of a cleared keyspace: what is below and was not written again. Up to what fits into a batch.
Status TransactionKeyspace::AddRemovals(WriteBatch* batch) {
  constexpr std::size_t kOperationBytes = 31;
  std::size_t bytes = 0;
  KVS_TRY(below_.Scan({}, [&](std::string_view key, std::string_view) {
    bytes += key.size() + kOperationBytes;
    if (!changes_.contains(key)) batch->Remove(key);
    return bytes <= kBatchBytesMax;
  }));
  if (bytes <= kBatchBytesMax) return Ok();
  return Error{.code = ErrorCode::kInvalidArgument, .context = "too many keys to flush in a transaction"};
}

Status TransactionKeyspace::Commit() {
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
