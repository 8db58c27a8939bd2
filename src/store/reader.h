// Reader: the path of every read. No lock, no system call, no store to shared memory except the epoch pin.
//
// Design      A read pins the epoch, asks the index, and checks the record in the mapped segment. An expired pair
//             counts as absent, and the reader tells the expirer of it. While a batch is being published, its keys read
//             as they were before it (PendingBatches).
// Threads     Call anything from any thread. FindRecord() under an epoch pin or the append lock.
// Errors      kCorruption for a damaged record: never "not found".
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/location.h"
#include "index/tree.h"
#include "kvs/kv_store.h"
#include "log/record.h"
#include "store/expiry/expirer.h"
#include "store/expiry/expiry_clock.h"
#include "store/pending_batches.h"
#include "store/segments/record_reader.h"
#include "sync/epoch.h"

namespace kvs::store {

class Reader {
 public:
  struct Parts {  // Parts of the store. All outlive the reader.
    const index::Tree& index;
    const RecordReader& records;
    sync::EpochDomain& epochs;
    const ExpiryClock& clock;
    const PendingBatches& pending;
    Expirer& expirer;
  };

  explicit Reader(const Parts& parts) : parts_(parts) {}

  Result<bool> Read(std::string_view key, ValueVisitor visit) const;
  Result<bool> ReadEntry(std::string_view key, EntryVisitor visit) const;
  Result<std::optional<std::string>> Get(std::string_view key) const;
  Status MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) const;
  void Prefetch(std::span<const std::string_view> keys) const;
  Result<std::optional<std::string>> RandomKey(FunctionRef<std::uint64_t(std::uint64_t n)> below) const;
  Status Scan(const ScanRange& range, ScanVisitor visit) const;

  // The record of the pair, every byte of it checked; nullopt: no such pair.
  Result<std::optional<log::Record>> FindRecord(std::string_view key) const;

 private:
  class ScanReader;
  // kFound: `record` is the record of the key, every byte of it checked. kAbsent with a location: the same, but
  // expired.
  index::LookUp Find(std::string_view key, log::Record& record) const;
  // Turns the answer of the index into what readers may see.
  index::LookUp ToVisible(std::string_view key, const index::LookUp& found, log::Record& record) const;
  base::Location LocationBeforeBatch(std::string_view key, base::Location found) const;
  Status MultiGetTogether(std::span<const std::string_view> keys, std::size_t first, MultiGetVisitor visit) const;

  const Parts parts_;  // Constant after construction.
};

}  // namespace kvs::store
