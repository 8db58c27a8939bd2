#include "store/recovery/saved_index.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/probe.h"
#include "base/try.h"
#include "base/tunable.h"
#include "index/leaf.h"
#include "index/tree_builder.h"
#include "log/file_names.h"
#include "log/segment_header.h"
#include "store/segments/store_files.h"
#include "sync/parallel.h"

namespace kvs::store {
namespace {

using index::Arena;
using index::NodeLink;

// The size of a block of links, small enough for many blocks, because all cores share them.
KVS_TUNABLE(std::size_t, kBlockBytes, std::size_t{64} << 10, std::size_t{16} << 10, std::size_t{128} << 10);
constexpr std::size_t kLeavesOfChunk = Arena::kChunkBytes / sizeof(index::Leaf);
static_assert(log::kIndexFileAlignment == Arena::kChunkBytes);

Error Unusable(const char* what) {
  return Error{.code = ErrorCode::kCorruption, .context = std::string("saved index: ") + what};
}

// Encodes the links of all leaves, in groups that become inner nodes. The groups are divided into blocks.
std::vector<std::string> EncodeLinks(const std::vector<NodeLink>& leaves) {
  std::vector<std::string> blocks(1);
  const std::size_t groups =
      (leaves.size() + index::TreeBuilder::kNodeChildren - 1) / index::TreeBuilder::kNodeChildren;
  std::vector<log::IndexFileLink> group;
  for (std::size_t i = 0; i < groups; ++i) {
    group.clear();
    for (std::size_t leaf = i * leaves.size() / groups; leaf < (i + 1) * leaves.size() / groups; ++leaf) {
      group.push_back({leaves[leaf].first_key, leaves[leaf].id});
    }
    if (blocks.back().size() >= kBlockBytes) blocks.emplace_back();
    log::AppendIndexFileGroup(&blocks.back(), group);
  }
  return blocks;
}

// A piece of the file to write.
struct Piece {
  std::uint64_t offset;
  std::string_view bytes;
};

// Lays the pieces out after the head, and describes them in it. Whole chunks come last and aligned, so the page cache
// keeps each as one large page. That page is freed as a whole after it was read, and the system can use it for the next
// chunk's memory.
std::vector<Piece> LayOut(const Arena& arena, const std::vector<std::string>& blocks, std::string_view expiries,
                          log::IndexFileHead* head) {
  std::vector<Piece> pieces;
  const auto states = arena.Chunks();
  head->chunks.resize(states.size());
  head->blocks.resize(blocks.size());
  head->file_bytes = head->bytes();
  const auto place = [&](std::string_view bytes) {
    pieces.push_back({head->file_bytes, bytes});
    head->file_bytes += bytes.size();
    return log::IndexFilePiece{pieces.back().offset, bytes.size(), log::IndexFileChecksum::Of(bytes)};
  };
  const auto place_chunk = [&](std::size_t i) {
    const std::string_view used(arena.ChunkMemory(states[i].number), states[i].untouched * sizeof(index::Leaf));
    head->chunks[i] = {states[i].number, states[i].taken, states[i].untouched, states[i].first_free, place(used)};
  };
  head->expiries = place(expiries);
  for (std::size_t i = 0; i < blocks.size(); ++i) head->blocks[i] = place(blocks[i]);
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (states[i].untouched < kLeavesOfChunk) place_chunk(i);
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (states[i].untouched < kLeavesOfChunk) continue;
    head->file_bytes = log::AlignedInIndexFile(head->file_bytes);
    place_chunk(i);
  }
  return pieces;
}

// Syncs a large file, because the page cache can drop only pages that were written to the disk.
Status WriteAll(io::FileSystem& files, const std::filesystem::path& path, const log::IndexFileHead& head,
                const std::vector<Piece>& pieces) {
  KVS_TRY_ASSIGN(const auto file, files.Open(path, io::OpenMode::kCreate));
  for (const Piece& piece : pieces) KVS_TRY(file->WriteAt(piece.offset, piece.bytes));
  KVS_TRY(file->WriteAt(0, log::EncodeIndexFileHead(head)));
  return head.file_bytes > log::kIndexFileAlignment ? file->Sync() : Ok();
}

// True if the segment still begins with the indexed records. In an open segment they must be synced, because a crash
// may have cut off others.
bool BeginsAs(const log::IndexFileSegment& saved, const log::ManifestEntry& entry, const log::Segment& segment) {
  const bool was_sealed = saved.last_sequence == 0;
  if (was_sealed && saved.bytes != entry.sealed_bytes) return false;
  if (saved.bytes > segment.readable_bytes() || saved.slot > base::Location::kSlotMax) return false;
  const auto synced_bytes = segment.SyncedBytes();
  if (!entry.is_sealed() && (!synced_bytes || saved.bytes > *synced_bytes)) return false;
  return segment.Fingerprint(saved.bytes) == saved.fingerprint;
}

}  // namespace

// --- Saving ---

// Removes the earlier file first, because two files together would exceed the promised disk use.
Result<std::uint64_t> SaveIndex(io::FileSystem& files, const std::filesystem::path& directory, log::IndexFileHead head,
                                const ExpiryIndex& expiries, index::Tree* tree) {
  const std::filesystem::path path = log::IndexPath(directory);
  const std::filesystem::path temporary = path.string() + ".tmp";
  KVS_TRY_ASSIGN(const bool exists, files.Exists(path));
  if (exists && !IsSavedIndexOurs(files, directory)) {
    KVS_PROBE("file of others is called like the saved index");
    return Error{.code = ErrorCode::kInvalidArgument, .context = path.string() + " is not a file of kvs, and stays"};
  }
  if (exists) KVS_TRY(files.Remove(path));
  tree->FreeRetired();
  head.hash_seed = tree->hash_seed();
  head.keys = tree->size();
  const std::vector<std::string> blocks = EncodeLinks(tree->Leaves());
  const std::string encoded_expiries = expiries.Encode();
  const std::vector<Piece> pieces = LayOut(tree->leaf_arena(), blocks, encoded_expiries, &head);
  Status status = WriteAll(files, temporary, head, pieces);
  if (status) status = files.Rename(temporary, path);
  if (!status) {
    KVS_PROBE("index could not be saved");
    static_cast<void>(files.Remove(temporary).has_value());
    return std::move(status).error();
  }
  return head.file_bytes;
}

// --- Opening ---

namespace {

// Drops the piece from the page cache, because the next piece needs that memory.
Status ReadPiece(io::File* file, const log::IndexFilePiece& piece, char* to) {
  log::IndexFileChecksum checksum;
  for (std::uint64_t done = 0; done < piece.bytes; done += log::kIndexFilePartBytes) {
    const std::uint64_t bytes = std::min(log::kIndexFilePartBytes, piece.bytes - done);
    KVS_TRY_ASSIGN(const std::size_t read, file->ReadAt(piece.offset + done, to + done, bytes));
    checksum.Add({to + done, read});
  }
  file->DropCached(piece.offset, piece.bytes);
  return checksum.Check(piece);
}

Result<std::unique_ptr<char[]>> ReadPiece(io::File* file, const log::IndexFilePiece& piece) {
  auto bytes = std::make_unique_for_overwrite<char[]>(piece.bytes);
  KVS_TRY(ReadPiece(file, piece, bytes.get()));
  return bytes;
}

Result<log::IndexFileHead> ReadHead(io::File* file) {
  KVS_TRY_ASSIGN(const std::uint64_t file_bytes, file->Size());
  std::string head(log::kIndexFileHeaderBytes, '\0');
  KVS_TRY_ASSIGN(const std::size_t read, file->ReadAt(0, head.data(), head.size()));
  KVS_TRY_ASSIGN(const std::uint64_t bytes,
                 log::IndexFileHeadBytes(std::string_view(head).substr(0, read), file_bytes));
  head.resize(bytes);
  KVS_TRY_ASSIGN(const std::size_t whole, file->ReadAt(0, head.data(), head.size()));
  return log::DecodeIndexFileHead(std::string_view(head).substr(0, whole), file_bytes);
}

}  // namespace

Result<SavedIndex> SavedIndex::Open(io::FileSystem& files, const std::filesystem::path& directory) {
  SavedIndex saved;
  KVS_TRY_ASSIGN(const auto file, files.Open(log::IndexPath(directory), io::OpenMode::kRead));
  KVS_TRY_ASSIGN(saved.head_, ReadHead(file.get()));
  KVS_TRY(saved.ReadPieces(file.get()));
  return saved;
}

Status SavedIndex::ReadPieces(io::File* file) {
  chunks_.resize(head_.chunks.size());
  blocks_.resize(head_.blocks.size());
  KVS_TRY(ReadExpiries(file));
  KVS_TRY(sync::ForEachInParallel(chunks_.size() + blocks_.size(), [&](std::size_t i) {
    return i < chunks_.size() ? ReadChunk(file, i) : ReadBlock(file, i - chunks_.size());
  }));
  std::size_t taken = 0;
  for (const log::IndexFileChunk& chunk : head_.chunks) taken += chunk.taken;
  const std::size_t leaves = LeavesOfBlocks();
  return leaves > 0 && leaves == taken ? Ok() : Status(Unusable("the number of leaves differs"));
}

std::size_t SavedIndex::LeavesOfBlocks() const {
  return std::accumulate(blocks_.begin(), blocks_.end(), std::size_t{0},
                         [](std::size_t sum, const Block& block) { return sum + block.leaves.size(); });
}

Status SavedIndex::ReadExpiries(io::File* file) {
  KVS_TRY_ASSIGN(const auto bytes, ReadPiece(file, head_.expiries));
  return expiries_.AddEncoded({bytes.get(), head_.expiries.bytes}) ? Ok()
                                                                   : Status(Unusable("the expiries are cut off"));
}

Status SavedIndex::ReadChunk(io::File* file, std::size_t number) {
  const log::IndexFileChunk& saved = head_.chunks[number];
  const std::uint64_t bytes = saved.piece.bytes;
  const bool has_length = bytes == saved.untouched * sizeof(index::Leaf) && bytes <= Arena::kChunkBytes;
  if (!has_length || saved.taken > saved.untouched) return Unusable("a chunk has another length");
  const std::uint32_t chunks_as_touched = saved.untouched == kLeavesOfChunk ? 0 : Arena::kChunksAsTouched;
  chunks_[number].emplace(Arena::LoadedChunk{.state = {saved.number, saved.taken, saved.untouched, saved.first_free},
                                             .page = Arena::NewPage(saved.number, chunks_as_touched)});
  return ReadPiece(file, saved.piece, chunks_[number]->page.data());
}

// Only a tree of one leaf has a group with one link.
Status SavedIndex::ReadBlock(io::File* file, std::size_t number) {
  const log::IndexFilePiece& piece = head_.blocks[number];
  Block& block = blocks_[number];
  KVS_TRY_ASSIGN(block.bytes, ReadPiece(file, piece));
  std::string_view rest(block.bytes.get(), piece.bytes);
  std::vector<log::IndexFileLink> links;
  while (!rest.empty()) {
    if (!log::TakeIndexFileGroup(&rest, &links)) return Unusable("a group is cut off");
    const bool is_only_one = head_.blocks.size() == 1 && block.leaves.empty() && rest.empty();
    const std::size_t links_min = is_only_one ? 1 : 2;
    if (links.size() < links_min || links.size() > index::InnerNode::kChildrenMax) {
      return Unusable("a group has another length");
    }
    for (const log::IndexFileLink& link : links) block.leaves.push_back({link.first_key, link.leaf});
    block.group_ends.push_back(block.leaves.size());
  }
  return Ok();
}

const log::IndexFileSegment* SavedIndex::Find(std::uint64_t segment_id) const {
  const auto found = std::find_if(head_.segments.begin(), head_.segments.end(),
                                  [&](const log::IndexFileSegment& saved) { return saved.segment_id == segment_id; });
  return found == head_.segments.end() ? nullptr : &*found;
}

Result<bool> SavedIndex::Fits(const log::Manifest& manifest, FindSegment find) const {
  for (const log::IndexFileSegment& saved : head_.segments) {
    const auto entry = std::find_if(manifest.segments.begin(), manifest.segments.end(),
                                    [&](const log::ManifestEntry& e) { return e.segment_id == saved.segment_id; });
    if (entry == manifest.segments.end()) return false;
    KVS_TRY_ASSIGN(const std::shared_ptr<log::Segment> segment, find(saved.segment_id));
    if (!BeginsAs(saved, *entry, *segment)) return false;
  }
  return true;
}

Status SavedIndex::Load(index::Tree* tree) {
  index::TreeBuilder builder(*tree, tree->keys());
  std::vector<Arena::LoadedChunk> chunks;
  chunks.reserve(chunks_.size());
  for (std::optional<Arena::LoadedChunk>& chunk : chunks_) chunks.push_back(*std::move(chunk));
  builder.LoadLeaves(std::move(chunks), head_.hash_seed, head_.keys);
  std::vector<std::vector<NodeLink>> nodes_of_blocks(blocks_.size());
  const bool is_leaf = LeavesOfBlocks() == 1;
  KVS_TRY(sync::ForEachInParallel(blocks_.size(), [&](std::size_t i) {
    const Block& block = blocks_[i];
    nodes_of_blocks[i] = is_leaf ? block.leaves : builder.MakeNodes(block.group_ends.size(), [&](std::size_t group) {
      const std::size_t begin = group == 0 ? 0 : block.group_ends[group - 1];
      return std::span<const NodeLink>(block.leaves).subspan(begin, block.group_ends[group] - begin);
    });
    return Ok();
  }));
  std::vector<NodeLink> nodes;
  for (const auto& of_block : nodes_of_blocks) nodes.insert(nodes.end(), of_block.begin(), of_block.end());
  builder.FinishAbove(std::move(nodes), is_leaf ? 0 : 1);
  return Ok();
}

}  // namespace kvs::store
