// Keyspace: the pairs as a command sees them: those of the engine, or those within a transaction.
//
// Design      A command is written once, against this. Outside of a transaction each call is one call of the engine;
//             inside it reads through what the transaction has written so far, and nothing reaches the engine before
//             the end.
// Threads     One thread at a time, under a pass of the server's gate.
// Ordering    Each call is atomic for other clients. A command that makes several of them, and must not be seen in
//             between, runs under an exclusive pass (kExclusive in its row of the command table).
// Errors      Those of the engine.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "keyspace/watch_table.h"
#include "kvs/engine.h"

namespace kvs::server {

class Keyspace {
 public:
  virtual ~Keyspace() = default;

  virtual Result<bool> Read(std::string_view key, EntryVisitor visit) = 0;  // False: no such key.
  virtual Status MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) = 0;
  virtual Status Set(std::string_view key, std::string_view value, Expiry expiry_ms = {}) = 0;
  virtual Status Update(std::string_view key, EntryUpdateFunction fn) = 0;
  virtual Result<bool> Remove(std::string_view key) = 0;  // False: no such key.
  virtual Status Write(const WriteBatch& batch) = 0;
  virtual Status Scan(const ScanRange& range, ScanVisitor visit) = 0;
  virtual Status Clear() = 0;
  virtual Result<std::uint64_t> Count() = 0;  // Pairs that have expired may still be counted.
  virtual std::uint64_t NowMs() = 0;

  // Whether anything was written since the last time this was asked.
  bool TakeHasWritten() { return std::exchange(has_written_, false); }

 protected:
  bool has_written_ = false;
};

// The engine's pairs.
class EngineKeyspace final : public Keyspace {
 public:
  // `writer`: the client's id, for clients that hear of its writes.
  EngineKeyspace(KvsEngine& engine, WatchTable& watches, std::uint64_t writer = 0)
      : engine_(engine), watches_(watches), writer_(writer) {}

  Result<bool> Read(std::string_view key, EntryVisitor visit) override { return engine_.ReadEntry(key, visit); }
  Result<bool> ReadValue(std::string_view key, ValueVisitor visit) { return engine_.Read(key, visit); }
  Status MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) override {
    return engine_.MultiGet(keys, visit);
  }
  Status Set(std::string_view key, std::string_view value, Expiry expiry_ms) override;
  Status MultiSet(std::span<const KeyValue> pairs, std::size_t& set);
  Status Update(std::string_view key, EntryUpdateFunction fn) override;
  Result<bool> Remove(std::string_view key) override;
  Status Write(const WriteBatch& batch) override;
  Status Scan(const ScanRange& range, ScanVisitor visit) override { return engine_.Scan(range, visit); }
  Status Clear() override;
  Result<std::uint64_t> Count() override;
  std::uint64_t NowMs() override { return engine_.NowMs(); }

 private:
  void NoteWrite(std::string_view key, std::uint64_t expiry_ms = kNoExpiry);

  KvsEngine& engine_;
  WatchTable& watches_;
  const std::uint64_t writer_;
};

}  // namespace kvs::server
