// Inspection: what the files of a store say, for people who want to see inside, or who doubt their disk.
//
//     kvs::KvStore::Open("data").value()->Set("greeting", "hello").has_value();  // == true
//     kvs::InspectStore("data")->keys;  // == 1
//     const auto tell = [](const kvs::Error& damage) { std::cerr << damage.ToString() << std::endl; };
//     kvs::VerifyStore("data", tell)->damages;  // == 0
//
// Design      Reads the files as they are, without opening the store: no recovery, no index, nothing is repaired.
//             kvs-inspect prints what these calls return.
// Threads     Call anything from any thread.
// Ownership   Changes no file of the store. VerifyStore() takes the directory for itself while it reads, as an open
//             store does, so nobody opens it meanwhile; the others may look at a store that is in use, see it as it
//             was at one moment or the next, and answer kIo or kCorruption where compaction took a file away.
// Limits      InspectStore() needs about 100 bytes of memory for each key.
// Errors      kInvalidArgument: there is no store. kInUse: see above. kUnsupported: a later version wrote it.
//             kCorruption: the manifest is damaged, and without it nothing can be told.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/engine.h"
#include "kvs/function_ref.h"
#include "kvs/result.h"

namespace kvs {

enum class HintState : std::uint8_t {
  kNone,      // There is no hint file; opening reads the segment.
  kUsable,    // Opening reads the hint file in place of the segment.
  kUnusable,  // The hint file is damaged or of another segment; opening reads the segment.
};

struct SegmentInspection {
  std::uint64_t id = 0;
  bool is_sealed = false;
  std::string problem{};  // Not empty: the file could not be read as a segment, and the rest is unknown.

  std::uint64_t file_bytes = 0;
  std::uint64_t used_bytes = 0;    // Up to the end of the last whole record.
  std::uint64_t synced_bytes = 0;  // What the synced mark says; 0 as well where the mark is damaged.
  std::uint64_t records = 0;       // Puts and tombstones, those in batches included.
  std::uint64_t tombstones = 0;
  std::uint64_t live_records = 0;  // Puts that no record of the store came after.
  std::uint64_t live_bytes = 0;
  std::uint64_t sequence_min = 0;  // Of its records; 0: it has none.
  std::uint64_t sequence_max = 0;
  std::uint64_t created_sequence = 0;

  HintState hint = HintState::kNone;
  std::uint64_t hint_bytes = 0;
};

// The index as it was saved at a clean stop.
enum class SavedIndexState {
  kNone,      // There is none; opening reads all segments.
  kUsable,    // Opening takes it, and reads what came after it.
  kUnusable,  // It is damaged, or segments that it needs are gone; opening reads all segments.
};

struct SavedIndexInspection {
  SavedIndexState state = SavedIndexState::kNone;
  std::uint64_t bytes = 0;
  std::uint64_t keys = 0;
  std::uint64_t sequence = 0;  // Of the last record that it knows of.
};

struct StoreInspection {
  std::uint64_t next_segment_id = 0;
  std::uint64_t sequence = 0;  // That the manifest knows of: of sealed segments.
  std::uint64_t keys = 0;
  std::vector<SegmentInspection> segments{};  // By rising id.
  SavedIndexInspection saved_index{};
  std::vector<std::string> unnamed_files{};  // Segments, hints and leftovers that are not part of the store.
  // What an opening cut off, or set aside for a newer manifest: not part of the store, and never removed by it.
  std::vector<std::string> kept_files{};
};

// Reads every segment that the manifest names.
Result<StoreInspection> InspectStore(const std::filesystem::path& directory);

enum class RecordKind : std::uint8_t { kPut, kTombstone, kBatch };

struct RecordInspection {
  RecordKind kind = RecordKind::kPut;
  bool is_in_batch = false;  // A member; its batch was visited before it.
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sequence = 0;
  Expiry expiry_ms{};  // As it is stored: a span by the clock of spans.
  std::uint64_t value_bytes = 0;
  std::string_view key{};  // Dies with the call.
};

// Visits the records of one segment in their order; `visit` answers whether to go on. kCorruption: a record of a sealed
// segment is bad; what is before it was visited. In an open segment the first bad record is the end.
Status VisitRecords(const std::filesystem::path& directory, std::uint64_t segment_id,
                    FunctionRef<bool(const RecordInspection&)> visit);

struct VerifyReport {
  std::uint64_t segments = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;    // That were looked at.
  std::uint64_t damages = 0;  // How often `damage` was called.
  std::uint64_t torn_tail_bytes =
      0;  // Behind the end of the log, from a crash. No damage: the next opening cuts it off.
};

// Checks every byte of the store: the manifest, all headers and marks, each record, the saved index, that hint files
// agree with their segments, and that no record of the log is missing at its end. Calls `damage` with kCorruption and
// the file, the offset and what is wrong there; goes on behind it with the next file.
Result<VerifyReport> VerifyStore(const std::filesystem::path& directory, FunctionRef<void(const Error& damage)> damage);

}  // namespace kvs
