// SavedIndex: the index of a store in a file, from a clean stop until the next opening.
//
// Design      The whole file is read, on all cores, and every byte is checked. The leaves are used as they are, and the
//             inner nodes are made anew. The file belongs to a store if each of its segments still begins with the
//             records that were indexed. The id, the length, and the first and last bytes of these records prove that.
//             The caller adds the records that came after them.
// Errors      kCorruption, kUnsupported, kIo: the file cannot be used, and the index must be built from the records.
//             kNoSpace: memory or descriptors are lacking for now. Nothing was changed.
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

// Writes the tree and the expiries, and replaces an earlier file. head: in, the description of the log. tree: in, which
// no other thread uses meanwhile. Returns the size of the file. A small file is not synced, because the next opening
// recognises one that a power cut has truncated or damaged. kInvalidArgument: a file of others has this name.
Result<std::uint64_t> SaveIndex(io::FileSystem& files, const std::filesystem::path& directory, log::IndexFileHead head,
                                const ExpiryIndex& expiries, index::Tree* tree);

class SavedIndex {
 public:
  // Reads the file in a directory, and checks every byte of it.
  static Result<SavedIndex> Open(io::FileSystem& files, const std::filesystem::path& directory);

  const log::IndexFileHead& head() const { return head_; }
  const log::IndexFileSegment* Find(std::uint64_t segment_id) const;  // nullptr: the index does not refer to it.

  // True if a store with this manifest can use the index. find: in, returns a segment that the manifest names.
  using FindSegment = FunctionRef<Result<std::shared_ptr<log::Segment>>(std::uint64_t id)>;
  Result<bool> Fits(const log::Manifest& manifest, FindSegment find) const;

  // Fills an empty tree. Call it once.
  Status Load(index::Tree* tree);
  const ExpiryIndex& expiries() const { return expiries_; }

 private:
  // The leaves of several groups. Each group becomes an inner node.
  struct Block {
    std::unique_ptr<char[]> bytes;  // The keys in `leaves` point into these.
    std::vector<index::NodeLink> leaves;
    std::vector<std::size_t> group_ends;  // The end of each group in `leaves`.
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
