#include "log/index_file.h"

#include <algorithm>
#include <array>

#include "base/coding.h"
#include "base/hash.h"
#include "base/try.h"

namespace kvs::log {
namespace {

constexpr std::size_t kVersionOffset = 8;
constexpr std::size_t kChecksumOffset = 12;
constexpr std::size_t kCoveredOffset = 16;

Error Damaged(const std::string& what) {
  return Error{.code = ErrorCode::kCorruption, .context = "saved index: " + what};
}

// Appends numbers, for a reader that takes them in the same order.
class Writer {
 public:
  void U32(std::uint32_t value) {
    bytes_.resize(bytes_.size() + 4);
    base::PutFixed32(bytes_.data() + bytes_.size() - 4, value);
  }
  void U64(std::uint64_t value) {
    bytes_.resize(bytes_.size() + 8);
    base::PutFixed64(bytes_.data() + bytes_.size() - 8, value);
  }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(const char* at) : at_(at) {}

  std::uint32_t U32() {
    at_ += 4;
    return base::GetFixed32(at_ - 4);
  }
  std::uint64_t U64() {
    at_ += 8;
    return base::GetFixed64(at_ - 8);
  }

 private:
  const char* at_;
};

// The fields of a segment in order, for encoding and decoding.
template <class Segment>
auto FieldsOf(Segment& s) {
  return std::array{&s.segment_id, &s.slot,       &s.bytes,      &s.fingerprint,     &s.last_sequence,
                    &s.hint_bytes, &s.live_bytes, &s.dead_bytes, &s.tombstone_bytes, &s.newest_tombstone};
}

// Whether the head and the pieces together have the file's length.
bool FillTheFile(const IndexFileHead& head) {
  std::uint64_t bytes = head.bytes() + head.expiries.bytes;
  std::uint64_t aligned_bytes = 0;
  for (const IndexFileChunk& chunk : head.chunks) {
    (chunk.piece.bytes == kIndexFileAlignment ? aligned_bytes : bytes) += chunk.piece.bytes;
  }
  for (const IndexFilePiece& block : head.blocks) bytes += block.bytes;
  if (aligned_bytes > 0) bytes = AlignedInIndexFile(bytes) + aligned_bytes;
  return bytes == head.file_bytes;
}

bool IsWithin(const IndexFilePiece& piece, const IndexFileHead& head) {
  return piece.offset >= head.bytes() && piece.offset <= head.file_bytes &&
         piece.bytes <= head.file_bytes - piece.offset;
}

}  // namespace

std::string EncodeIndexFileHead(const IndexFileHead& head) {
  Writer to;
  const auto add_piece = [&](const IndexFilePiece& piece) {
    for (const std::uint64_t field : {piece.offset, piece.bytes, piece.checksum}) to.U64(field);
  };
  to.bytes().append(kIndexFileMagic);
  to.U32(kIndexFileVersion);
  to.U32(0);
  for (const std::uint64_t field :
       {head.bytes(), head.file_bytes, head.hash_seed, head.keys, head.sequence, head.expiring}) {
    to.U64(field);
  }
  add_piece(head.expiries);
  for (const std::size_t count : {head.segments.size(), head.chunks.size(), head.blocks.size(), std::size_t{0}}) {
    to.U32(static_cast<std::uint32_t>(count));
  }
  for (const IndexFileSegment& segment : head.segments) {
    for (const std::uint64_t* const field : FieldsOf(segment)) to.U64(*field);
  }
  for (const IndexFileChunk& chunk : head.chunks) {
    for (const std::uint32_t field : {chunk.number, chunk.taken, chunk.untouched, chunk.first_free}) to.U32(field);
    add_piece(chunk.piece);
  }
  for (const IndexFilePiece& block : head.blocks) add_piece(block);
  std::string bytes = std::move(to.bytes());
  base::PutFixed32(bytes.data() + kChecksumOffset, base::Checksum32(std::string_view(bytes).substr(kCoveredOffset)));
  return bytes;
}

Result<std::uint64_t> IndexFileHeadBytes(std::string_view header, std::uint64_t file_bytes) {
  if (header.size() < kIndexFileHeaderBytes || !header.starts_with(kIndexFileMagic))
    return Damaged("the magic differs");
  if (base::GetFixed32(header.data() + kVersionOffset) != kIndexFileVersion) {
    return Error{.code = ErrorCode::kUnsupported, .context = "saved index: it has another format"};
  }
  const std::uint64_t head_bytes = base::GetFixed64(header.data() + kCoveredOffset);
  if (head_bytes < kIndexFileHeaderBytes || head_bytes > file_bytes) return Damaged("its head is incomplete");
  return head_bytes;
}

Result<IndexFileHead> DecodeIndexFileHead(std::string_view bytes, std::uint64_t file_bytes) {
  KVS_TRY_ASSIGN(const std::uint64_t head_bytes, IndexFileHeadBytes(bytes, file_bytes));
  if (bytes.size() != head_bytes) return Damaged("its head is incomplete");
  const std::uint32_t checksum = base::Checksum32(bytes.substr(kCoveredOffset));
  if (base::GetFixed32(bytes.data() + kChecksumOffset) != checksum) return Damaged("the checksum of its head differs");

  IndexFileHead head;
  Reader from(bytes.data() + kCoveredOffset + 8);
  const auto take_piece = [&](IndexFilePiece* piece) {
    for (std::uint64_t* const field : {&piece->offset, &piece->bytes, &piece->checksum}) *field = from.U64();
    return IsWithin(*piece, head);
  };
  for (std::uint64_t* const field : {&head.file_bytes, &head.hash_seed, &head.keys, &head.sequence, &head.expiring}) {
    *field = from.U64();
  }
  take_piece(&head.expiries);  // Checked after the length of the head is known.
  const std::uint64_t segments = from.U32();
  const std::uint64_t chunks = from.U32();
  const std::uint64_t blocks = from.U32();
  if (from.U32() != 0) return Damaged("its last field is not zero");
  const bool has_length = IndexFileTablesEnd(segments, chunks, blocks) == head_bytes;
  if (!has_length || head.file_bytes != file_bytes) return Damaged("its length differs");
  head.segments.resize(segments);  // No memory is asked for that the head does not fill.
  head.chunks.resize(chunks);
  head.blocks.resize(blocks);
  for (IndexFileSegment& segment : head.segments) {
    for (std::uint64_t* const field : FieldsOf(segment)) *field = from.U64();
  }
  bool are_within = IsWithin(head.expiries, head);
  for (IndexFileChunk& chunk : head.chunks) {
    for (std::uint32_t* const field : {&chunk.number, &chunk.taken, &chunk.untouched, &chunk.first_free}) {
      *field = from.U32();
    }
    are_within = take_piece(&chunk.piece) && are_within;
  }
  for (IndexFilePiece& block : head.blocks) are_within = take_piece(&block) && are_within;
  if (!are_within || !FillTheFile(head)) return Damaged("a piece is out of bounds");
  return head;
}

std::uint64_t IndexFileChecksum::Of(std::string_view piece) {
  IndexFileChecksum checksum;
  for (; !piece.empty(); piece.remove_prefix(std::min(piece.size(), kIndexFilePartBytes))) {
    checksum.Add(piece.substr(0, kIndexFilePartBytes));
  }
  return checksum.value_;
}

void IndexFileChecksum::Add(std::string_view part) { value_ = base::Hash64(part, value_); }

Status IndexFileChecksum::Check(const IndexFilePiece& piece) const {
  if (value_ == piece.checksum) return Ok();
  return Damaged("bytes from " + std::to_string(piece.offset) + " on are damaged");
}

// --- Blocks of links ---

void AppendIndexFileGroup(std::string* to, const std::vector<IndexFileLink>& links) {
  Writer head;
  head.U32(static_cast<std::uint32_t>(links.size()));
  for (const IndexFileLink& link : links) {
    head.U32(link.leaf);
    head.U32(static_cast<std::uint32_t>(link.first_key.size()));
  }
  to->append(head.bytes());
  for (const IndexFileLink& link : links) to->append(link.first_key);
}

bool TakeIndexFileGroup(std::string_view* block, std::vector<IndexFileLink>* links) {
  links->clear();
  if (block->size() < 4) return false;
  const std::uint64_t count = base::GetFixed32(block->data());
  if ((block->size() - 4) / 8 < count) return false;
  Reader from(block->data() + 4);
  std::string_view keys = block->substr(4 + 8 * count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint32_t leaf = from.U32();
    const std::uint32_t key_bytes = from.U32();
    if (key_bytes > keys.size()) return false;
    links->push_back({keys.substr(0, key_bytes), leaf});
    keys.remove_prefix(key_bytes);
  }
  *block = keys;
  return true;
}

}  // namespace kvs::log
