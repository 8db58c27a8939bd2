// Writer: the path of every write: append to the log, then publish in the index, under the append lock.
//
// Threads     Call anything from any thread.
// Durability  Under SyncPolicy::kAlways a call returns once a sync has covered its record.
// Limits      kKeyBytesMax, kValueBytesMax, kBatchBytesMax. Outside: kInvalidArgument, nothing written.
// Errors      kNoSpace: nothing was written. kPoisoned.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "index/tree.h"
#include "kvs/kv_store.h"
#include "log/record.h"
#include "store/batch_writer.h"
#include "store/expiry/expiry_clock.h"
#include "store/reader.h"
#include "store/record_publisher.h"
#include "store/segments/append_lock.h"
#include "store/segments/record_reader.h"
#include "store/tail/committer.h"
#include "store/tail/live_log.h"
#include "sync/epoch.h"

namespace kvs::store {

class Writer {
 public:
  struct Parts {  // Parts of the store. All outlive the writer.
    LiveLog& log;
    const index::Tree& index;
    const RecordReader& records;
    sync::EpochDomain& epochs;
    const ExpiryClock& clock;
    const Reader& reader;
    RecordPublisher& publisher;
    BatchWriter& batches;
    Committer& committer;
    const KvStoreOptions& options;
  };

  explicit Writer(const Parts& parts) : parts_(parts) {}

  Status Set(std::string_view key, std::string_view value, Expiry expiry_ms);
  Status MultiSet(std::span<const KeyValue> pairs, std::size_t& set);
  Status Remove(std::string_view key);
  Status Update(std::string_view key, UpdateFunction fn);
  Status UpdateEntry(std::string_view key, EntryUpdateFunction fn);
  Status Write(const WriteBatch& batch);
  Status Clear();  // Removes expired pairs as well.

 private:
  struct Removal {
    Appended appended;
    bool was_expired = false;
  };

  // Ends an operation. Under kAlways it waits until a sync has covered the record.
  Status Finish(const Appended& appended);
  // Makes room for a set, and writes it. A valid hint saves a descent in the index.
  Appended Put(const AppendLock::Held& held, const log::RecordDraft& draft, const index::LeafHint& hint);
  // Sets the first pairs, as many as may be set while the append lock is held once. set: in/out, grows by their number.
  // position: out, the end of the log after them.
  Status SetRun(std::span<const KeyValue> pairs, std::size_t& set, std::uint64_t& position);
  void PrefetchIndex(std::span<const log::RecordDraft> drafts, std::span<index::LeafHint> hints) const;
  Removal TryRemove(const AppendLock::Held& held, std::string_view key);
  Appended ApplyUpdate(const AppendLock::Held& held, std::string_view key, EntryUpdateFunction fn);

  const Parts parts_;  // Constant after construction.
};

}  // namespace kvs::store
