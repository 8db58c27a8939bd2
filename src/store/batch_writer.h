// BatchWriter: appends a batch as one record, and publishes its members so that readers see all of them or none.
//
// Design      While the members enter the index one after the other, readers take their keys from the PendingBatch.
// Threads     Draft() from any thread, the others under the append lock.
// Limits      kBatchBytesMax.
#pragma once

#include <cstdint>
#include <vector>

#include "base/location.h"
#include "index/tree.h"
#include "kvs/kv_store.h"
#include "kvs/result.h"
#include "log/record.h"
#include "store/expiry/expiry_clock.h"
#include "store/pending_batches.h"
#include "store/record_publisher.h"
#include "store/segments/record_reader.h"
#include "store/space/purpose.h"
#include "store/tail/live_log.h"

namespace kvs::store {

// The operations of a batch, ready to be encoded.
struct BatchDraft {
  struct Member {
    log::RecordDraft draft;
    base::Location before{};  // Where its key pointed before the batch.
  };
  std::vector<Member> members{};
  std::uint64_t bytes_max = 0;
  Purpose purpose = Purpose::kRemove;  // kStore if any member stores.
};

class BatchWriter {
 public:
  struct Parts {  // Of the store; all outlive the writer.
    LiveLog& log;
    index::Tree& index;
    const RecordReader& records;
    const ExpiryClock& clock;
    PendingBatches& pending;
    RecordPublisher& publisher;
  };

  explicit BatchWriter(const Parts& parts) : parts_(parts) {}

  // Views into `batch`.
  Result<BatchDraft> Draft(const WriteBatch& batch) const;
  Appended Apply(const AppendLock::Held& held, BatchDraft draft);

 private:
  using Member = BatchDraft::Member;
  // The place of a member in the log.
  struct Placed {
    base::Location location;
    log::Record record;
  };

  Appended TryApply(const AppendLock::Held& held, BatchDraft draft);
  Appended AppendMembers(const AppendLock::Held& held, const std::vector<Member>& members);
  Status LookUpMembers(std::vector<Member>* members) const;
  // `placed` has room for all members.
  Status PlaceMembers(const std::vector<Member>& members, base::Location batch, PendingBatch* pending,
                      std::vector<Placed>* placed) const;
  Status Publish(const AppendLock::Held& held, const std::vector<Placed>& placed);

  const Parts parts_;  // Constant after construction.
};

}  // namespace kvs::store
