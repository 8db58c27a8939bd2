// HintOutline: what the writer of a segment notes of each record for the hint file.
//
// Design      A digest of all that the hint file will say: the head and the key of each record, in order. When the
//             segment is full, heads and keys are read from it again, and the digest proves them. So no value is read
//             again. The words of a record are mixed by multiplications that do not wait for each other, because this
//             runs under the append lock. The digest finds damage; it does not resist malice.
// Threads     One at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "log/record.h"

namespace kvs::log {

// A segment gets no hint file if that would be larger than this share of the segment.
inline constexpr std::uint64_t kSegmentBytesPerHintByte = 8;

class HintOutline {
 public:
  // draft: in, the record as it was appended. For a batch use AddBatch().
  // record_bytes: in, its length.
  void Add(const RecordDraft& draft, std::uint64_t record_bytes, std::uint64_t sequence_delta) {
    size_ += kEntryBytesTypical + draft.key.size() + (draft.expiry_ms != kNoExpiry ? 8 : 0);
    Fold(draft.type, record_bytes, sequence_delta, draft.expiry_ms, draft.key_hash);
  }
  // members: in, the batch as EncodeBatch() wrote it.
  void AddBatch(std::span<const RecordDraft> members, std::uint64_t batch_bytes, std::uint64_t sequence_delta) {
    Add(DraftBatch({}), batch_bytes, sequence_delta);
    for (const RecordDraft& member : members) {
      Add(member, RecordBytes(member, sequence_delta), sequence_delta);
      ++sequence_delta;
    }
  }
  // The segment has records that were not added, so the digest proves nothing.
  void NoteUnknownRecords() { is_complete_ = false; }

  // Whether the hint file is small compared with the segment. If not, reading the segment is as fast.
  bool IsWorthwhile(std::uint64_t segment_bytes) const { return size_ * kSegmentBytesPerHintByte <= segment_bytes; }

  // Whether this outline proves what `read` has found in the segment.
  bool Proves(const HintOutline& read) const { return is_complete_ && digest_ == read.digest_; }

 private:
  static constexpr std::size_t kEntryBytesTypical = 9;  // Without the key.

  void Fold(RecordType type, std::uint64_t record_bytes, std::uint64_t sequence_delta, Expiry expiry_ms,
            std::uint64_t key_hash) {
    const std::uint64_t type_byte = static_cast<std::uint8_t>(type) | ExpiryBits(expiry_ms);
    const std::uint64_t word = key_hash + (record_bytes << 8 | type_byte) * 0x9e3779b97f4a7c15 +
                               sequence_delta * 0xc2b2ae3d27d4eb4f + std::uint64_t{expiry_ms} * 0x165667b19e3779f9;
    digest_ = (std::rotl(digest_, 29) ^ word) * 0x9fb21c651e98df25;
  }

  bool is_complete_ = true;
  std::uint64_t size_ = 0;  // Of the hint file, estimated.
  std::uint64_t digest_ = 0;
};

}  // namespace kvs::log
