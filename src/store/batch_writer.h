// BatchWriter: appends a batch as one record, and publishes its members. Readers see all of them or none.
//
// Design      The members enter the index one after another. Meanwhile readers look up their keys in the PendingBatch.
// Threads     Draft() from any thread, the other calls under the append lock.
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
    base::Location before{};  // The location of its key before the batch.
  };
  std::vector<Member> members{};
  std::uint64_t bytes_max = 0;
  Purpose purpose = Purpose::kRemove;  // kStore if any member stores.
};

class BatchWriter {
 public:
  struct Parts {  // Parts of the store. All outlive the writer.
    LiveLog& log;
    index::Tree& index;
    const RecordReader& records;
    const ExpiryClock& clock;
    PendingBatches& pending;
    RecordPublisher& publisher;
  };

  explicit BatchWriter(const Parts& parts) : parts_(parts) {}

  // The draft has views into `batch`.
  Result<BatchDraft> Draft(const WriteBatch& batch) const;
  Appended Apply(const AppendLock::Held& held, BatchDraft draft);

 private:
  using Member = BatchDraft::Member;
  // A member's record in the log.
  struct Placed {
    base::Location location;
    log::Record record;
  };

  Appended TryApply(const AppendLock::Held& held, BatchDraft draft);
  Appended AppendMembers(const AppendLock::Held& held, const std::vector<Member>& members);
  Status LookUpMembers(std::vector<Member>* members) const;
  // placed: out, with capacity for all members.
  Status PlaceMembers(const std::vector<Member>& members, base::Location batch, PendingBatch* pending,
                      std::vector<Placed>* placed) const;
  Status Publish(const AppendLock::Held& held, const std::vector<Placed>& placed);

  const Parts parts_;  // Constant after construction.
};

}  // namespace kvs::store
