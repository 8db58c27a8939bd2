// RecordPublisher: appends a record and publishes it in the index, and counts what that turns into garbage.
//
// Threads     Under the append lock.
// Errors      A damaged record of the same key refuses the write: the index cannot tell whether it is the key's.
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
  std::uint64_t position = 0;  // Where the log ends after the record; 0: nothing was appended.

  // On a file system that promises no room a record may lose its room at the last moment. A removal then has a second
  // attempt, because the reserve gives other room.
  bool has_lost_room() const { return !status && base::IsDiskFull(status.error()); }
};

class RecordPublisher {
 public:
  RecordPublisher(LiveLog& log, index::Tree& index, const RecordReader& records, Expirer& expirer)
      : log_(log), index_(index), records_(records), expirer_(expirer) {}

  // Both append to the room that LogTail::MakeRoom() found.
  Appended Put(const AppendLock::Held& held, const log::RecordDraft& draft, const index::LeafHint& hint = {});
  // `old`: where the index points for `key`.
  Appended AppendTombstone(const AppendLock::Held& held, std::string_view key, base::Location old);

  // Publishes a record of a batch, which was appended at `location`. Its tombstones are in the index for the moment.
  Status PublishMember(const AppendLock::Held& held, base::Location location, const log::Record& record);

  // Compaction did not copy the pair at `location`, because its time had come.
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
