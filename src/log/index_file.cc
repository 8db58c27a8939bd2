#include "log/index_file.h"

#include <array>

#include "base/coding.h"
#include "base/hash.h"

namespace kvs::log {
namespace {

constexpr std::size_t kVersionOffset = 8;
constexpr std::size_t kChecksumOffset = 12;
constexpr std::size_t kCoveredOffset = 16;

Error Damaged(const std::string& what) {
  return Error{.code = ErrorCode::kCorruption, .context = "saved index: " + what};
}

// Appends numbers, or takes them off in the same order.
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

// The fields of a segment in their order, for both ways.
template <class Segment>
auto FieldsOf(Segment& s) {
  return std::array{&s.segment_id, &s.slot,       &s.bytes,      &s.fingerprint,     &s.last_sequence,
                    &s.hint_bytes, &s.live_bytes, &s.dead_bytes, &s.tombstone_bytes, &s.newest_tombstone};
}

bool IsWithin(std::uint64_t offset, std::uint64_t bytes, const IndexFileHead& head) {
  return offset >= head.bytes() && offset <= head.file_bytes && bytes <= head.file_bytes - offset;
}

}  // namespace

std::string EncodeIndexFileHead(const IndexFileHead& head) {
  Writer to;
  to.bytes().append(kIndexFileMagic);
  to.U32(kIndexFileVersion);
  to.U32(0);
  for (const std::uint64_t field : {head.bytes(), head.file_bytes, head.hash_seed, head.keys, head.sequence}) {
    to.U64(field);
  }
  for (const std::size_t count : {head.segments.size(), head.chunks.size(), head.blocks.size(), std::size_t{0}}) {
    to.U32(static_cast<std::uint32_t>(count));
  }
  for (const IndexFileSegment& segment : head.segments) {
    for (const std::uint64_t* const field : FieldsOf(segment)) to.U64(*field);
  }
  for (const IndexFileChunk& chunk : head.chunks) {
    for (const std::uint32_t field : {chunk.number, chunk.taken, chunk.untouched, chunk.first_free}) to.U32(field);
    for (const std::uint64_t field : {chunk.offset, chunk.bytes, chunk.checksum}) to.U64(field);
  }
  for (const IndexFileBlock& block : head.blocks) {
    for (const std::uint64_t field : {block.offset, block.bytes, block.checksum}) to.U64(field);
  }
  std::string bytes = std::move(to.bytes());
  base::PutFixed32(bytes.data() + kChecksumOffset, base::Checksum32(std::string_view(bytes).substr(kCoveredOffset)));
  return bytes;
}

Result<IndexFileHead> DecodeIndexFileHead(std::string_view file) {
  if (file.size() < kIndexFileHeaderBytes || !file.starts_with(kIndexFileMagic)) return Damaged("not one");
  if (base::GetFixed32(file.data() + kVersionOffset) != kIndexFileVersion) {
    return Error{.code = ErrorCode::kUnsupported, .context = "saved index: of another format"};
  }
  Reader from(file.data() + kCoveredOffset);
  const std::uint64_t head_bytes = from.U64();
  if (head_bytes < kIndexFileHeaderBytes || head_bytes > file.size()) return Damaged("its head is cut off");
  const std::uint32_t checksum = base::Checksum32(file.substr(kCoveredOffset, head_bytes - kCoveredOffset));
  if (base::GetFixed32(file.data() + kChecksumOffset) != checksum) return Damaged("the checksum of its head differs");

  IndexFileHead head;
  for (std::uint64_t* const field : {&head.file_bytes, &head.hash_seed, &head.keys, &head.sequence})
    *field = from.U64();
  head.segments.resize(from.U32());
  head.chunks.resize(from.U32());
  head.blocks.resize(from.U32());
  from.U32();
  if (head.bytes() != head_bytes || head.file_bytes != file.size()) return Damaged("its length differs");
  for (IndexFileSegment& segment : head.segments) {
    for (std::uint64_t* const field : FieldsOf(segment)) *field = from.U64();
  }
  for (IndexFileChunk& chunk : head.chunks) {
    for (std::uint32_t* const field : {&chunk.number, &chunk.taken, &chunk.untouched, &chunk.first_free}) {
      *field = from.U32();
    }
    for (std::uint64_t* const field : {&chunk.offset, &chunk.bytes, &chunk.checksum}) *field = from.U64();
    if (!IsWithin(chunk.offset, chunk.bytes, head)) return Damaged("a chunk is out of bounds");
  }
  for (IndexFileBlock& block : head.blocks) {
    for (std::uint64_t* const field : {&block.offset, &block.bytes, &block.checksum}) *field = from.U64();
    if (!IsWithin(block.offset, block.bytes, head)) return Damaged("a block is out of bounds");
  }
  return head;
}

Result<std::string_view> CheckIndexFilePiece(std::string_view file, std::uint64_t offset, std::uint64_t bytes,
                                             std::uint64_t checksum) {
  const std::string_view piece = file.substr(offset, bytes);
  if (base::Hash64(piece) != checksum) return Damaged("bytes from " + std::to_string(offset) + " on are damaged");
  return piece;
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
