// SavedIndex: the index of a store as a file, from a clean stop to the next opening.
//
// Design      The file is mapped, all of its checksums are verified on all cores, and its leaves are used where they
//             are: what the store changes in them stays in memory. Only the inner nodes are made anew. It belongs to a
//             store whose segments begin with the records that it was made of, as their ids, lengths and the first and
//             last bytes of each say; what came behind is for others to add.
// Ownership   The mapping must outlive the tree.
// Errors      kCorruption, kUnsupported, kIo: the file cannot be used, and the index has to be built. Nothing was
//             changed then.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "index/tree.h"
#include "io/file_system.h"
#include "io/mapping.h"
#include "kvs/function_ref.h"
#include "kvs/result.h"
#include "log/index_file.h"
#include "log/manifest.h"
#include "log/segment.h"

namespace kvs::store {

// Tells whether a segment begins with the same records, by the first and last of these bytes.
std::uint64_t FingerprintOf(const log::Segment& segment, std::uint64_t bytes);

// Writes the tree, with what `head` says of the log. Nobody uses the tree meanwhile. Returns the length of the file.
// What is written is not synced: a file that is cut off or damaged by a loss of power is recognised.
Result<std::uint64_t> SaveIndex(io::FileSystem& files, const std::filesystem::path& directory, log::IndexFileHead head,
                                index::Tree* tree);

class SavedIndex {
 public:
  // The file of a directory, every byte of it checked.
  static Result<SavedIndex> Open(io::FileSystem& files, const std::filesystem::path& directory);

  const log::IndexFileHead& head() const { return head_; }
  const log::IndexFileSegment* Find(std::uint64_t segment_id) const;  // nullptr: it does not know the segment.

  // Whether a store with this manifest can use it. `find` is asked for the segments that the manifest names.
  bool Fits(const log::Manifest& manifest, FunctionRef<std::shared_ptr<log::Segment>(std::uint64_t id)> find) const;

  // Fills the tree, which is empty. As kViews the leaves stay in the file, which must stay mapped; MoveLoaded() of the
  // tree moves them later. As kPages they are copied now: where many are changed at once, each first write to a small
  // page of the file would cost an interrupt of all cores.
  enum class Leaves { kViews, kPages };
  Status Load(index::Tree* tree, Leaves as);
  io::Mapping TakeMapping();

 private:
  Status CheckPieces();
  Status CheckGap() const;
  void CopyViews();
  Status CheckChunk(std::size_t number);
  Status CheckBlock(std::size_t number);
  std::string_view Block(std::size_t number) const {
    return file_.substr(head_.blocks[number].offset, head_.blocks[number].bytes);
  }

  io::Mapping mapping_;
  std::string_view file_;
  log::IndexFileHead head_;
  std::vector<index::Arena::LoadedChunk> chunks_;
  std::vector<std::size_t> leaves_of_blocks_;
};

}  // namespace kvs::store
