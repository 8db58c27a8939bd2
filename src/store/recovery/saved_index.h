// SavedIndex: the index of a store as a file, from a clean stop to the next opening.
//
// Design      The file is read whole, on all cores, and every byte of it checked; its leaves are used as they are, and
//             the inner nodes are made anew. It belongs to a store whose segments begin with the records that it was
//             made of, as their ids, lengths and the first and last bytes of each say; what came behind is for others
//             to add.
// Errors      kCorruption, kUnsupported, kIo: the file cannot be used, and the index has to be built. Nothing was
//             changed then.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "index/tree.h"
#include "io/file_system.h"
#include "kvs/function_ref.h"
#include "kvs/result.h"
#include "log/index_file.h"
#include "log/manifest.h"
#include "log/segment.h"
#include "store/expiry/expiry_index.h"

namespace kvs::store {

// Writes the tree and what is to expire, with what `head` says of the log. Nobody uses the tree meanwhile. Returns the
// length of the file. A small file is not synced: one that is cut off or damaged by a loss of power is recognised.
Result<std::uint64_t> SaveIndex(io::FileSystem& files, const std::filesystem::path& directory, log::IndexFileHead head,
                                const ExpiryIndex& expiries, index::Tree* tree);

class SavedIndex {
 public:
  // The file of a directory, every byte of it checked.
  static Result<SavedIndex> Open(io::FileSystem& files, const std::filesystem::path& directory);

  const log::IndexFileHead& head() const { return head_; }
  const log::IndexFileSegment* Find(std::uint64_t segment_id) const;  // nullptr: it does not know the segment.

  // Whether a store with this manifest can use it. `find` is asked for the segments that the manifest names.
  using FindSegment = FunctionRef<Result<std::shared_ptr<log::Segment>>(std::uint64_t id)>;
  Result<bool> Fits(const log::Manifest& manifest, FindSegment find) const;

  // Fills the tree, which is empty. Called once.
  Status Load(index::Tree* tree);
  const ExpiryIndex& expiries() const { return expiries_; }

 private:
  // The leaves of some groups, each of which becomes an inner node.
  struct Block {
    std::unique_ptr<char[]> bytes;  // Where the keys are.
    std::vector<index::NodeLink> leaves;
    std::vector<std::size_t> group_ends;  // Among the leaves.
  };

  SavedIndex() = default;
  Status ReadPieces(io::File* file);
  Status ReadChunk(io::File* file, std::size_t number);
  Status ReadBlock(io::File* file, std::size_t number);
  Status ReadExpiries(io::File* file);
  std::size_t LeavesOfBlocks() const;

  log::IndexFileHead head_;
  std::vector<std::optional<index::Arena::LoadedChunk>> chunks_;
  std::vector<Block> blocks_;
  ExpiryIndex expiries_;
};

}  // namespace kvs::store
