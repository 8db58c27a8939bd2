// OutputWriter: writes the outputs of a compaction, and makes each a part of the store as soon as it is whole.
//
// Design      A whole output is synced, named in the manifest, and given an account. Then the index entries of its
//             records move from the inputs to it, some under each taking of the append lock.
// Threads     One at a time, without the append lock.
// Errors      If the output cannot be read back, the entries that still point into the inputs stay, and so must the
//             inputs. An error that passes (base::IsPassing) harms nothing. A manifest that may or may not name an
//             output poisons the store.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "log/record.h"
#include "log/sealed_segment_writer.h"
#include "store/compaction/compaction_parts.h"
#include "store/compaction/run_plan.h"

namespace kvs::store {

class OutputWriter {
 public:
  // Notes in the log how much room the outputs may take.
  OutputWriter(const AppendLock::Held& held, const CompactionParts& parts, const RunPlan& plan);

  // from, from_bytes: in, the record in the input.
  Status CopyPut(base::Location from, std::uint64_t from_bytes, const log::RecordDraft& draft, std::uint64_t sequence);
  Status CopyTombstone(const log::RecordDraft& draft, std::uint64_t sequence);

  // Makes the open output, if there is one, a part of the store.
  Status Finish();
  // Removes the open output, if there is one.
  void Abandon();

  std::uint64_t whole_bytes() const { return whole_bytes_; }  // Of outputs that are part of the store.
  std::uint64_t written_bytes() const { return whole_bytes_ + (writer_ != nullptr ? writer_->used_bytes() : 0); }
  std::uint64_t put_bytes() const { return put_bytes_; }
  std::uint64_t tombstone_bytes() const { return tombstone_bytes_; }

 private:
  struct Move {
    base::Location from;
    std::uint64_t to_offset;
    std::uint64_t from_bytes;
    std::uint64_t to_bytes;
  };
  struct Tombstones {
    std::uint64_t bytes = 0;
    std::uint64_t newest = 0;  // The highest sequence.
  };
  struct Copied {
    std::uint64_t offset;
    std::uint64_t bytes;
  };

  void NoteOutputToCome(const AppendLock::Held& held);
  Result<Copied> Copy(const log::RecordDraft& draft, std::uint64_t sequence);
  Status MakeRoom(std::uint64_t bytes);
  Status Begin();
  Status Name(const log::Segment& output) noexcept;
  Status Publish(const std::shared_ptr<log::Segment>& output, std::uint64_t hint_bytes) noexcept;
  Status MoveEntries(const log::Segment& output, std::uint32_t slot);
  Status ReadKeys(const log::Segment& output, std::uint32_t slot, std::span<const Move> moves,
                  std::span<std::string_view> keys) const;
  void MoveEntry(const AppendLock::Held& held, const Move& move, std::uint32_t slot, std::string_view key,
                 const index::LeafHint& hint);
  void Close();

  const CompactionParts& parts_;
  const RunPlan& plan_;
  std::uint64_t run_ = 0;  // The id of the first output, which the headers of all name; 0: there is none yet.

  // The open output.
  std::unique_ptr<log::SealedSegmentWriter> writer_;
  std::vector<Move> moves_;
  Tombstones tombstones_;

  // Of all outputs.
  std::uint64_t whole_bytes_ = 0;
  std::uint64_t put_bytes_ = 0;
  std::uint64_t tombstone_bytes_ = 0;
};

}  // namespace kvs::store
