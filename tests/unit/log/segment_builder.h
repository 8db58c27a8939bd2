// SegmentBuilder: a segment in memory, put together record by record, or byte by byte for a broken one.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "io/mapped/mapping.h"
#include "log/record.h"
#include "log/segment.h"
#include "log/segment_header.h"

namespace kvs::log {

// The bytes of one record.
inline std::string Encode(const RecordDraft& draft, std::uint64_t segment_id, std::uint64_t sequence_delta) {
  std::string bytes(RecordBytes(draft, sequence_delta), '\0');
  KVS_CHECK(EncodeRecord(bytes.data(), draft, segment_id, sequence_delta) == bytes.size());
  return bytes;
}

class SegmentBuilder {
 public:
  explicit SegmentBuilder(const SegmentHeader& header) : header_(header), bytes_(kSegmentHeaderBytes, '\0') {
    EncodeSegmentHeader(bytes_.data(), header);
  }

  // Returns the offset of the record.
  std::uint64_t Add(const RecordDraft& draft, std::uint64_t sequence) {
    return AddBytes(Encode(draft, header_.segment_id, sequence - header_.base_sequence));
  }
  std::uint64_t AddBytes(std::string_view bytes) {
    bytes_.append(bytes);
    return bytes_.size() - bytes.size();
  }

  std::string& bytes() { return bytes_; }

  std::shared_ptr<Segment> Build() const {
    io::Mapping mapping = *io::Mapping::Anonymous(bytes_.size());
    std::memcpy(mapping.data(), bytes_.data(), bytes_.size());
    return std::make_shared<Segment>(header_, std::move(mapping), bytes_.size());
  }

 private:
  const SegmentHeader header_;
  std::string bytes_;
};

}  // namespace kvs::log
