#include "log/sealed_segment_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/system_error.h"
#include "base/try.h"
#include "log/file_names.h"

namespace kvs::log {

SealedSegmentWriter::SealedSegmentWriter(std::unique_ptr<io::File> file, const SegmentHeader& header,
                                         base::HugePage page)
    : header_(header), file_(std::move(file)), page_(std::move(page)) {}

Result<std::unique_ptr<SealedSegmentWriter>> SealedSegmentWriter::Create(io::FileSystem& files,
                                                                         const std::filesystem::path& directory,
                                                                         const SegmentHeader& header) {
  auto page = base::HugePage::TryMap(base::HugePage::Given::kAtOnce);
  if (!page) return base::SystemError("memory for a segment");
  KVS_TRY_ASSIGN(auto file, files.Open(SegmentPath(directory, header.segment_id), io::OpenMode::kCreate));
  std::unique_ptr<SealedSegmentWriter> writer(new SealedSegmentWriter(std::move(file), header, *std::move(page)));
  char bytes[kSegmentHeaderBytes];
  EncodeSegmentHeader(bytes, header);
  KVS_TRY(writer->Put({bytes, sizeof bytes}));
  return writer;
}

Result<std::uint64_t> SealedSegmentWriter::Append(const RecordDraft& draft, std::uint64_t sequence) {
  KVS_CHECK(sequence >= header_.base_sequence);
  const std::uint64_t offset = used_bytes_;
  char head[kRecordHeaderBytesMax];
  const std::uint64_t delta = sequence - header_.base_sequence;
  const std::size_t head_bytes = EncodeRecordHead(head, draft, header_.segment_id, delta);
  KVS_TRY(Put({head, head_bytes}));
  KVS_TRY(Put(draft.key));
  KVS_TRY(Put(draft.value));
  hint_outline_.Add(draft, used_bytes_ - offset, delta);
  return offset;
}

Status SealedSegmentWriter::Put(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t filled = used_bytes_ - written_bytes_;
    const std::size_t taken = std::min(bytes.size(), base::HugePage::kBytes - filled);
    std::memcpy(page_.data() + filled, bytes.data(), taken);
    used_bytes_ += taken;
    bytes.remove_prefix(taken);
    if (filled + taken == base::HugePage::kBytes) KVS_TRY(WritePage());
  }
  return Ok();
}

Status SealedSegmentWriter::WritePage() {
  KVS_TRY(file_->WriteAt(written_bytes_, {page_.data(), used_bytes_ - written_bytes_}));
  written_bytes_ = used_bytes_;
  return Ok();
}

// The mark needs no sync of its own, because the file is no segment before this one sync.
Result<std::shared_ptr<Segment>> SealedSegmentWriter::Seal() {
  KVS_TRY(WritePage());
  char mark[8];
  base::PutFixed64(mark, EncodeSyncedMark(used_bytes_, header_.segment_id));
  KVS_TRY(file_->WriteAt(kSyncedMarkOffset, {mark, sizeof mark}));
  KVS_TRY(file_->Sync());
  KVS_TRY_ASSIGN(io::Mapping mapping, file_->Map(used_bytes_, io::Access::kRead));
  return std::make_shared<Segment>(header_, std::move(mapping), used_bytes_);
}

}  // namespace kvs::log
