// RecordPublisher: appends a record, publishes it in the index, and counts the bytes that become garbage.
//
// Threads     Under the append lock.
// Errors      kCorruption: a damaged record may be that of the same key, so the write is refused.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/location.h"
#include "base/system_error.h"
#include "index/tree.h"
#include "kvs/result.h"
#include "log/record.h"
#include "store/expiry/expirer.h"
#include "store/segments/append_lock.h"
#include "store/segments/record_reader.h"
#include "store/tail/live_log.h"

namespace kvs::store {

struct Appended {
  Status status;
  std::uint64_t position = 0;  // The end of the log after the record; 0: nothing was appended.

  // If the file system cannot promise room, a record may lose its room at the last moment. A removal then gets a second
  // attempt, with room from the reserve.
  bool has_lost_room() const { return !status && base::IsDiskFull(status.error()); }
};

class RecordPublisher {
 public:
  RecordPublisher(LiveLog& log, index::Tree& index, const RecordReader& records, Expirer& expirer)
      : log_(log), index_(index), records_(records), expirer_(expirer) {}

  // Both append to the room that LogTail::MakeRoom() found.
  Appended Put(const AppendLock::Held& held, const log::RecordDraft& draft, const index::LeafHint& hint = {});
  // old: in, the location of `key` in the index.
  Appended AppendTombstone(const AppendLock::Held& held, std::string_view key, base::Location old);

  // Publishes the member of a batch that was appended at `location`. A tombstone stays in the index until the
  // BatchWriter erases it.
  Status PublishMember(const AppendLock::Held& held, base::Location location, const log::Record& record);

  // Compaction did not copy the pair at `location`, because it has expired.
  void ForgetExpired(const AppendLock::Held& held, base::Location location);

 private:
  index::Change Enter(const AppendLock::Held& held, std::string_view key, base::Location location,
                      const index::LeafHint& hint = {}) noexcept;
  // The record at `old` is garbage from now on. Returns its expiry.
  Expiry NoteReplaced(const AppendLock::Held& held, base::Location old);

  // Constant after construction.
  LiveLog& log_;
  index::Tree& index_;
  const RecordReader& records_;
  Expirer& expirer_;
};

}  // namespace kvs::store
