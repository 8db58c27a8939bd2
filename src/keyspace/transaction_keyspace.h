// TransactionKeyspace: the pairs as the commands of one EXEC see them, each the writes of those before it.
//
// Design      Writes go into an ordered map over the engine; Commit() gives them to it as one WriteBatch, which is all
//             or nothing for readers and across a crash.
// Threads     One thread, under an exclusive pass of the server's gate from the first call to the last.
// Limits      kBatchBytesMax of keys, values and removals: the write that passes it fails, and so does all that
//             follows, Commit() included. Written bytes count in the account of the client.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "keyspace/keyspace.h"
#include "net/memory/client_memory.h"

namespace kvs::server {

class TransactionKeyspace final : public Keyspace {
 public:
  // below, account: in, outlive this. No account: nobody counts.
  explicit TransactionKeyspace(Keyspace& below, ClientMemory::Account* account = nullptr)
      : below_(below), now_ms_(below.NowMs()), loan_(account) {}

  Result<bool> Read(std::string_view key, EntryVisitor visit) override;
  Status MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) override;
  Status Set(std::string_view key, std::string_view value, Expiry expiry_ms) override;
  Status Update(std::string_view key, EntryUpdateFunction fn) override;
  Result<bool> Remove(std::string_view key) override;
  Status Write(const WriteBatch& batch) override;
  Status Scan(const ScanRange& range, ScanVisitor visit) override;
  Status Clear() override;
  Result<std::uint64_t> Count() override;
  std::uint64_t NowMs() override { return now_ms_; }

  Status Commit();
  // The error of a transaction that has failed, of which nothing will be done.
  const Status& status() const { return status_; }

 private:
  struct Value {
    std::string bytes;
    Expiry expiry_ms{};
  };
  using Changes = std::map<std::string, std::optional<Value>, std::less<>>;  // nullopt: removed.

  struct ChangeRange {
    Changes::const_iterator first;
    Changes::const_iterator last;
  };

  static std::uint64_t BytesOf(std::string_view key, const std::optional<Value>& value);
  Status Note(std::string_view key, std::optional<Value> value);
  void NoteForCount(const std::string& key, bool is_there);
  ChangeRange ChangesIn(const ScanRange& range) const;
  std::optional<Entry> Live(const std::optional<Value>& value) const;
  Status AddRemovals(WriteBatch* batch);

  Keyspace& below_;
  const std::uint64_t now_ms_;  // Time does not pass for a transaction.
  ClientMemory::Loan loan_;
  Changes changes_;
  std::uint64_t bytes_ = 0;  // Of changes_, as an engine counts a batch.
  Status status_ = Ok();
  // For Count(): of the changes that have been counted, whether the key is there now; and those that have not.
  std::unordered_map<const std::string*, bool> counted_;
  std::vector<const std::string*> uncounted_;
  std::int64_t difference_ = 0;  // How many keys more than below, by those counted.
  bool is_cleared_ = false;      // Nothing of `below_` shows.
};

}  // namespace kvs::server
