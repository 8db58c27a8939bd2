#include "keyspace/keyspace.h"

#include <string>
#include <vector>

namespace kvs::server {

void EngineKeyspace::NoteWrite(std::string_view key, std::uint64_t expiry_ms) {
  has_written_ = true;
  watches_.Touch(key, expiry_ms, writer_);
}

Status EngineKeyspace::Set(std::string_view key, std::string_view value, Expiry expiry_ms) {
  Status status = expiry_ms == kNoExpiry ? engine_.Set(key, value) : engine_.SetUntil(key, value, expiry_ms);
  if (status) NoteWrite(key, expiry_ms);
  return status;
}

Status EngineKeyspace::MultiSet(std::span<const KeyValue> pairs, std::size_t& set) {
  Status status = engine_.MultiSet(pairs, set);
  for (const KeyValue& pair : pairs.first(set)) NoteWrite(pair.key);
  return status;
}

Status EngineKeyspace::Update(std::string_view key, EntryUpdateFunction fn) {
  bool writes = false;
  std::uint64_t expiry_ms = kNoExpiry;
  Status status = engine_.UpdateEntry(key, [&](const std::optional<Entry>& current) {
    EntryDecision decision = fn(current);
    writes = decision.sets() || (decision.removes() && current);
    expiry_ms = decision.sets() ? decision.expiry_ms() : kNoExpiry;
    return decision;
  });
  if (status && writes) NoteWrite(key, expiry_ms);
  return status;
}

Result<bool> EngineKeyspace::Remove(std::string_view key) {
  const Status status = engine_.Remove(key);
  if (!status && status.error().code == ErrorCode::kKeyNotFound) return false;
  if (!status) return status.error();
  NoteWrite(key);
  return true;
}

Status EngineKeyspace::Write(const WriteBatch& batch) {
  Status status = engine_.Write(batch);
  if (!status) return status;
  for (const WriteBatch::Operation& operation : batch.operations()) NoteWrite(operation.key, operation.expiry_ms);
  return status;
}

// Who watches a key that is not there has seen nothing that is gone.
Status EngineKeyspace::Clear() {
  std::vector<std::string> removed;
  for (std::string& key : watches_.WatchedKeys()) {
    const Result<bool> found = engine_.Read(key, [](std::string_view) {});
    if (!found || *found) removed.push_back(std::move(key));
  }
  has_written_ = true;
  Status status = engine_.Clear();
  for (const std::string& key : removed) watches_.Touch(key);
  watches_.NoteClear();
  return status;
}

Result<std::uint64_t> EngineKeyspace::Count() {
  const Result<EngineStats> stats = engine_.Stats();
  if (!stats) return stats.error();
  return stats->keys;
}

}  // namespace kvs::server
