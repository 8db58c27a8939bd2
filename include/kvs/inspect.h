// Inspection: reads and checks the files of a store, for people who look inside it or doubt their disk.
//
//     kvs::KvStore::Open("data").value()->Set("greeting", "hello").has_value();  // == true
//     kvs::InspectStore("data")->keys;  // == 1
//     const auto tell = [](const kvs::Error& damage) { std::cerr << damage.ToString() << std::endl; };
//     kvs::VerifyStore("data", tell)->damages;  // == 0
//
// Design      Reads the files as they are, without opening the store: no recovery, no index, no repair. kvs-inspect
//             prints what these calls return.
// Threads     Call anything from any thread.
// Ownership   Changes no file of the store. VerifyStore() locks the directory while it reads, like an open store. The
//             other calls may read a store that is in use. Each file shows some moment, and the call answers kIo or
//             kCorruption if compaction removed a file meanwhile.
// Limits      InspectStore() needs about 100 bytes of memory per key.
// Errors      kInvalidArgument: there is no store. kInUse: the store is open. kUnsupported: a later version of kvs
//             wrote it. kCorruption: the manifest is damaged, and nothing can be said without it.
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
  kNone,      // There is no hint file. Opening reads the segment.
  kUsable,    // Opening reads the hint file instead of the segment.
  kUnusable,  // The hint file is damaged or belongs to another segment. Opening reads the segment.
};

struct SegmentInspection {
  std::uint64_t id = 0;
  bool is_sealed = false;
  std::string problem{};  // Not empty: why the file is no readable segment. The fields below are unknown.

  std::uint64_t file_bytes = 0;
  std::uint64_t used_bytes = 0;    // Up to the end of the last whole record.
  std::uint64_t synced_bytes = 0;  // From the synced mark; also 0 if the mark is damaged.
  std::uint64_t records = 0;       // Puts and tombstones, including those in batches.
  std::uint64_t tombstones = 0;
  std::uint64_t live_records = 0;  // Puts that no later record of the store replaced.
  std::uint64_t live_bytes = 0;
  std::uint64_t sequence_min = 0;  // The lowest sequence of its records; 0: it has none.
  std::uint64_t sequence_max = 0;
  std::uint64_t created_sequence = 0;

  HintState hint = HintState::kNone;
  std::uint64_t hint_bytes = 0;
};

// The index that a clean stop saved.
enum class SavedIndexState {
  kNone,      // There is none. Opening reads all segments.
  kUsable,    // Opening reads it, and the records after it.
  kUnusable,  // It is damaged, or it needs segments that are gone. Opening reads all segments.
};

struct SavedIndexInspection {
  SavedIndexState state = SavedIndexState::kNone;
  std::uint64_t bytes = 0;
  std::uint64_t keys = 0;
  std::uint64_t sequence = 0;  // Of the last record that it includes.
};

struct StoreInspection {
  std::uint64_t next_segment_id = 0;
  std::uint64_t sequence = 0;  // The highest sequence of the sealed segments, from the manifest.
  std::uint64_t keys = 0;
  std::vector<SegmentInspection> segments{};  // In ascending order of id.
  SavedIndexInspection saved_index{};
  std::vector<std::string> unnamed_files{};  // Segments, hint files and temporary files that are not part of the store.
  // Files that an opening cut off, or set aside for a newer manifest. They are not part of the store, and the store
  // never removes them.
  std::vector<std::string> kept_files{};
};

// Reads every segment in the manifest.
Result<StoreInspection> InspectStore(const std::filesystem::path& directory);

enum class RecordKind : std::uint8_t { kPut, kTombstone, kBatch };

struct RecordInspection {
  RecordKind kind = RecordKind::kPut;
  bool is_in_batch = false;  // A member of a batch. The batch was visited before it.
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sequence = 0;
  Expiry expiry_ms{};  // As stored: a span is by the clock of spans.
  std::uint64_t value_bytes = 0;
  std::string_view key{};  // Valid until the call returns.
};

// Visits the records of one segment in order. `visit` returns whether to go on. kCorruption: a record of a sealed
// segment is bad; the records before it were visited. In an open segment the first bad record is the end.
Status VisitRecords(const std::filesystem::path& directory, std::uint64_t segment_id,
                    FunctionRef<bool(const RecordInspection&)> visit);

struct VerifyReport {
  std::uint64_t segments = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;    // Bytes checked.
  std::uint64_t damages = 0;  // Number of calls of `damage`.
  std::uint64_t torn_tail_bytes =
      0;  // After the end of the log, from a crash. This is no damage: the next opening cuts it off.
};

// Checks every byte of the store: the manifest, all headers and marks, each record, and the saved index. Also checks
// that hint files agree with their segments, and that no record is missing at the end of the log. Calls `damage` with
// kCorruption, the file, the offset and the finding, then continues with the next file.
Result<VerifyReport> VerifyStore(const std::filesystem::path& directory, FunctionRef<void(const Error& damage)> damage);

}  // namespace kvs
