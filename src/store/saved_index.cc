#include "store/saved_index.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/try.h"
#include "index/leaf.h"
#include "index/tree_builder.h"
#include "log/file_names.h"
#include "log/segment_header.h"
#include "store/parallel.h"
#include "store/store_files.h"

namespace kvs::store {
namespace {

using index::Arena;
using index::NodeLink;

constexpr std::size_t kFingerprintBytes = 4096;
constexpr std::size_t kBlockBytes = std::size_t{64} << 10;  // Of links: enough for many blocks, and so for all cores.
static_assert(log::kIndexFileChunkAlignment == Arena::kChunkBytes);

std::uint64_t RoundUp(std::uint64_t bytes, std::uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

Error Unusable(const char* what) {
  return Error{.code = ErrorCode::kCorruption, .context = std::string("saved index: ") + what};
}

// The links of all leaves in groups that become inner nodes, in blocks.
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

// A piece of the file that is to be written.
struct Piece {
  std::uint64_t offset;
  std::string_view bytes;
};

// Lays the pieces out behind the head, the large ones last, and describes them there.
std::vector<Piece> LayOut(const Arena& arena, const std::vector<std::string>& blocks, log::IndexFileHead* head) {
  std::vector<Piece> pieces;
  const auto states = arena.Chunks();
  head->chunks.resize(states.size());
  head->blocks.resize(blocks.size());
  std::uint64_t end = head->bytes();
  const auto place = [&](std::string_view bytes) {
    pieces.push_back({end, bytes});
    end += bytes.size();
    return pieces.back().offset;
  };
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    head->blocks[i] = {place(blocks[i]), blocks[i].size(), base::Hash64(blocks[i])};
  }
  const auto place_chunks = [&](bool whole) {
    for (std::size_t i = 0; i < states.size(); ++i) {
      const std::uint64_t used = states[i].untouched * sizeof(index::Leaf);
      if ((used == Arena::kChunkBytes) != whole) continue;
      const std::string_view bytes(arena.ChunkMemory(states[i].number), used);
      head->chunks[i] = {states[i].number,     states[i].taken, states[i].untouched,
                         states[i].first_free, place(bytes),    used,
                         base::Hash64(bytes)};
    }
  };
  place_chunks(false);
  const bool has_whole = std::any_of(states.begin(), states.end(), [](const Arena::ChunkState& state) {
    return state.untouched * sizeof(index::Leaf) == Arena::kChunkBytes;
  });
  if (has_whole) end = RoundUp(end, Arena::kChunkBytes);
  place_chunks(true);
  head->file_bytes = end;
  return pieces;
}

Status WriteAll(io::FileSystem& files, const std::filesystem::path& path, const log::IndexFileHead& head,
                const std::vector<Piece>& pieces) {
  KVS_TRY_ASSIGN(const auto file, files.Open(path, io::OpenMode::kCreate));
  for (const Piece& piece : pieces) KVS_TRY(file->WriteAt(piece.offset, piece.bytes));
  return file->WriteAt(0, log::EncodeIndexFileHead(head));
}

// Of a segment that is open, what the index knows of must have reached the disk: else a crash may have cut it.
bool BeginsAs(const log::IndexFileSegment& saved, const log::ManifestEntry& entry, const log::Segment& segment) {
  const bool was_sealed = saved.last_sequence == 0;
  if (was_sealed && saved.bytes != entry.sealed_bytes) return false;
  if (saved.bytes > segment.readable_bytes() || saved.slot > base::Location::kSlotMax) return false;
  const auto synced_bytes = segment.SyncedBytes();
  if (!entry.is_sealed() && (!synced_bytes || saved.bytes > *synced_bytes)) return false;
  return FingerprintOf(segment, saved.bytes) == saved.fingerprint;
}

}  // namespace

std::uint64_t FingerprintOf(const log::Segment& segment, std::uint64_t bytes) {
  if (bytes <= log::kSegmentHeaderBytes) return 0;
  const std::string_view records =
      segment.BytesFrom(log::kSegmentHeaderBytes).substr(0, bytes - log::kSegmentHeaderBytes);
  const std::size_t part = std::min(records.size(), kFingerprintBytes);
  return base::Hash64(records.substr(records.size() - part), base::Hash64(records.substr(0, part), bytes));
}

// --- Saving ---

// The one before goes first: two at once would take more room than was promised.
Result<std::uint64_t> SaveIndex(io::FileSystem& files, const std::filesystem::path& directory, log::IndexFileHead head,
                                index::Tree* tree) {
  const std::filesystem::path path = log::IndexPath(directory);
  const std::filesystem::path temporary = path.string() + ".tmp";
  KVS_TRY_ASSIGN(const bool exists, files.Exists(path));
  if (exists && !IsSavedIndexOurs(files, directory)) {
    return Error{.code = ErrorCode::kInvalidArgument, .context = path.string() + " is not a file of kvs, and stays"};
  }
  if (exists) KVS_TRY(files.Remove(path));
  tree->FreeRetired();
  head.hash_seed = tree->hash_seed();
  head.keys = tree->size();
  const std::vector<std::string> blocks = EncodeLinks(tree->Leaves());
  const std::vector<Piece> pieces = LayOut(tree->leaf_arena(), blocks, &head);
  Status status = WriteAll(files, temporary, head, pieces);
  if (status) status = files.Rename(temporary, path);
  if (!status) {
    static_cast<void>(files.Remove(temporary).has_value());
    return std::move(status).error();
  }
  return head.file_bytes;
}

// --- Opening ---

Result<SavedIndex> SavedIndex::Open(io::FileSystem& files, const std::filesystem::path& directory) {
  SavedIndex saved;
  KVS_TRY_ASSIGN(const auto file, files.Open(log::IndexPath(directory), io::OpenMode::kRead));
  KVS_TRY_ASSIGN(const std::uint64_t bytes, file->Size());
  if (bytes < log::kIndexFileHeaderBytes) return Unusable("cut off");
  KVS_TRY_ASSIGN(saved.mapping_, file->Map(bytes, io::Access::kPrivate));
  saved.file_ = {saved.mapping_.data(), bytes};
  KVS_TRY_ASSIGN(saved.head_, log::DecodeIndexFileHead(saved.file_));
  KVS_TRY(saved.CheckPieces());
  if (saved.mapping_.FaultCount() > 0) return Unusable("it cannot be read");
  saved.mapping_.EndWatch();
  return saved;
}

Status SavedIndex::CheckPieces() {
  chunks_.resize(head_.chunks.size());
  leaves_of_blocks_.resize(head_.blocks.size());
  KVS_TRY(ForEachInParallel(chunks_.size() + leaves_of_blocks_.size(), [&](std::size_t i) {
    return i < chunks_.size() ? CheckChunk(i) : CheckBlock(i - chunks_.size());
  }));
  std::size_t taken = 0;
  for (const log::IndexFileChunk& chunk : head_.chunks) taken += chunk.taken;
  const std::size_t leaves = std::accumulate(leaves_of_blocks_.begin(), leaves_of_blocks_.end(), std::size_t{0});
  if (leaves == 0 || leaves != taken) return Unusable("the number of leaves differs");
  return CheckGap();
}

// In front of the chunks that are aligned.
Status SavedIndex::CheckGap() const {
  std::uint64_t begin = head_.bytes();
  std::uint64_t end = head_.file_bytes;
  for (const log::IndexFileBlock& block : head_.blocks) begin = std::max(begin, block.offset + block.bytes);
  for (const log::IndexFileChunk& chunk : head_.chunks) {
    if (chunk.bytes == Arena::kChunkBytes) {
      end = std::min(end, chunk.offset);
    } else {
      begin = std::max(begin, chunk.offset + chunk.bytes);
    }
  }
  const std::string_view gap = begin < end ? file_.substr(begin, end - begin) : std::string_view();
  const bool is_zero = std::all_of(gap.begin(), gap.end(), [](char byte) { return byte == 0; });
  return is_zero ? Ok() : Status(Unusable("what should be zero is not"));
}

// Whole chunks stay where they are; the others get memory that has room for the leaves to come.
Status SavedIndex::CheckChunk(std::size_t number) {
  const log::IndexFileChunk& saved = head_.chunks[number];
  KVS_TRY_ASSIGN(const std::string_view bytes,
                 log::CheckIndexFilePiece(file_, saved.offset, saved.bytes, saved.checksum));
  Arena::LoadedChunk& chunk = chunks_[number];
  chunk.state = {saved.number, saved.taken, saved.untouched, saved.first_free};
  const bool has_length = saved.bytes == saved.untouched * sizeof(index::Leaf) && saved.bytes <= Arena::kChunkBytes;
  if (!has_length || saved.taken > saved.untouched) {
    return Unusable("a chunk has another length");
  }
  if (saved.bytes == Arena::kChunkBytes && saved.offset % log::kIndexFileChunkAlignment == 0) {
    chunk.view = mapping_.data() + saved.offset;
    return Ok();
  }
  chunk.page = Arena::NewPage(saved.number);
  std::copy(bytes.begin(), bytes.end(), chunk.page->data());
  return Ok();
}

// A tree of one leaf has one group with one link.
Status SavedIndex::CheckBlock(std::size_t number) {
  const log::IndexFileBlock& saved = head_.blocks[number];
  KVS_TRY_ASSIGN(std::string_view block, log::CheckIndexFilePiece(file_, saved.offset, saved.bytes, saved.checksum));
  std::vector<log::IndexFileLink> links;
  while (!block.empty()) {
    if (!log::TakeIndexFileGroup(&block, &links)) return Unusable("a group is cut off");
    const bool is_only_one = head_.blocks.size() == 1 && leaves_of_blocks_[number] == 0 && block.empty();
    const std::size_t links_min = is_only_one ? 1 : 2;
    if (links.size() < links_min || links.size() > index::InnerNode::kChildrenMax) {
      return Unusable("a group has another length");
    }
    leaves_of_blocks_[number] += links.size();
  }
  return Ok();
}

const log::IndexFileSegment* SavedIndex::Find(std::uint64_t segment_id) const {
  const auto found = std::find_if(head_.segments.begin(), head_.segments.end(),
                                  [&](const log::IndexFileSegment& saved) { return saved.segment_id == segment_id; });
  return found == head_.segments.end() ? nullptr : &*found;
}

bool SavedIndex::Fits(const log::Manifest& manifest,
                      FunctionRef<std::shared_ptr<log::Segment>(std::uint64_t id)> find) const {
  return std::all_of(head_.segments.begin(), head_.segments.end(), [&](const log::IndexFileSegment& saved) {
    const auto entry = std::find_if(manifest.segments.begin(), manifest.segments.end(),
                                    [&](const log::ManifestEntry& e) { return e.segment_id == saved.segment_id; });
    if (entry == manifest.segments.end()) return false;
    const std::shared_ptr<log::Segment> segment = find(saved.segment_id);
    return segment != nullptr && BeginsAs(saved, *entry, *segment);
  });
}

void SavedIndex::CopyViews() {
  static_cast<void>(ForEachInParallel(chunks_.size(), [&](std::size_t i) {
                      Arena::LoadedChunk& chunk = chunks_[i];
                      if (chunk.view == nullptr) return Ok();
                      chunk.page.emplace(base::HugePage::Given::kAtOnce);
                      std::copy(chunk.view, chunk.view + Arena::kChunkBytes, chunk.page->data());
                      chunk.view = nullptr;
                      return Ok();
                    }).has_value());
}

Status SavedIndex::Load(index::Tree* tree, Leaves as) {
  if (as == Leaves::kPages) CopyViews();
  index::TreeBuilder builder(*tree, tree->keys());
  builder.LoadLeaves(std::move(chunks_), head_.hash_seed, head_.keys);
  std::vector<std::vector<NodeLink>> nodes_of_blocks(head_.blocks.size());
  const bool is_leaf = std::accumulate(leaves_of_blocks_.begin(), leaves_of_blocks_.end(), std::size_t{0}) == 1;
  KVS_TRY(ForEachInParallel(nodes_of_blocks.size(), [&](std::size_t i) {
    std::string_view block = Block(i);
    std::vector<log::IndexFileLink> links;
    std::vector<NodeLink> children;
    std::vector<std::size_t> ends{0};
    while (log::TakeIndexFileGroup(&block, &links)) {
      for (const log::IndexFileLink& link : links) children.push_back({link.first_key, link.leaf});
      ends.push_back(children.size());
    }
    nodes_of_blocks[i] = is_leaf ? children : builder.MakeNodes(ends.size() - 1, [&](std::size_t group) {
      return std::span<const NodeLink>(children).subspan(ends[group], ends[group + 1] - ends[group]);
    });
    return Ok();
  }));
  std::vector<NodeLink> nodes;
  for (const auto& of_block : nodes_of_blocks) nodes.insert(nodes.end(), of_block.begin(), of_block.end());
  builder.FinishAbove(std::move(nodes), is_leaf ? 0 : 1);
  return Ok();
}

io::Mapping SavedIndex::TakeMapping() { return std::move(mapping_); }

}  // namespace kvs::store
