// The golden stores: one for each format of segments. Each uses all of its format and always has the same bytes.
//
//   segment 1  sealed, with a hint file: puts of all sizes of head, the empty key, a key of any bytes, an expiry, a
//              tombstone
//   segment 3  sealed, without a hint file, as compaction would have made it: older sequences, from a lower base
//   segment 4  open and synced up to its mark: a batch with a tombstone, a put after it, reserved zeroes
//   segment 5  open and empty: prepared ahead
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "io/file_system.h"
#include "log/file_names.h"
#include "log/hint_file.h"
#include "log/manifest.h"
#include "log/record.h"
#include "log/segment_writer.h"
#include "support/forwarding_file_system.h"

namespace kvs::compat {

inline constexpr std::uint64_t kGoldenExpiryMs = 4'102'444'800'000;  // The year 2100.
inline constexpr std::uint64_t kGoldenOpenBytes = 4'096;             // How much an open segment reserves.

// Every file of the store but LOCK.
inline std::vector<std::string> GoldenFiles() {
  return {"000000000001.hint", "000000000001.seg", "000000000003.seg",
          "000000000004.seg",  "000000000005.seg", "MANIFEST"};
}

// The pairs that a reader finds in it.
inline std::map<std::string, std::string> GoldenPairs() {
  return {{"", "the empty key"},
          {std::string("\x00\xff\n", 3), std::string("any\vytes\0", 9)},
          {"alpha", "second"},
          {"batch one", "1"},
          {"batch two", std::string(200, '2')},
          {"expires", "in 2100"},
          {"long value", std::string(20'000, 'v')},
          {"moved", "by compaction"},
          {std::string(300, 'k'), ""},
          {"last", "of the log"}};
}

// On which each file has the same identity.
class GoldenFileSystem final : public test::ForwardingFileSystem {
 public:
  static constexpr std::uint64_t kCacheIdentity = 0x8877665544332211;

 private:
  class GoldenFile final : public test::ForwardingFile {
   public:
    using ForwardingFile::ForwardingFile;
    std::uint64_t CacheIdentity() override { return kCacheIdentity; }
  };

  Result<std::unique_ptr<io::File>> OnOpen(const std::filesystem::path&, io::OpenMode,
                                           std::unique_ptr<io::File> file) override {
    return std::make_unique<GoldenFile>(std::move(file));
  }
};

// Appends records with sequences that rise by one from `sequence`.
class GoldenWriter {
 public:
  GoldenWriter(const std::filesystem::path& directory, const log::SegmentHeader& header, std::uint64_t capacity_bytes,
               std::uint64_t sequence)
      : writer_(*log::SegmentWriter::Create(files_, directory, header, capacity_bytes)), sequence_(sequence) {}

  void Put(std::string_view key, std::string_view value, std::uint64_t expiry_ms = 0) {
    Append(log::DraftPut(key, value, expiry_ms), 1);
  }
  void Remove(std::string_view key) { Append(log::DraftTombstone(key), 1); }
  void Batch(const std::vector<log::RecordDraft>& members) {
    const log::SegmentHeader& header = writer_->segment()->header();
    std::string records;
    std::uint64_t delta = sequence_ - header.base_sequence;
    for (const log::RecordDraft& member : members) {
      std::string record(log::RecordBytes(member, delta), '\0');
      log::EncodeRecord(record.data(), member, header.segment_id, delta++);
      records += record;
    }
    Append(log::DraftBatch(records), members.size());
  }
  void SyncAndMark() {
    KVS_CHECK(writer_->Mark(writer_->used_bytes()));
    KVS_CHECK(writer_->Sync());
  }
  std::shared_ptr<log::Segment> Seal() { return *writer_->Seal(); }

 private:
  void Append(const log::RecordDraft& draft, std::uint64_t sequences) {
    KVS_CHECK(writer_->Append(draft, sequence_));
    sequence_ += sequences;
  }

  GoldenFileSystem files_;
  const std::unique_ptr<log::SegmentWriter> writer_;
  std::uint64_t sequence_;
};

inline void WriteGoldenStore(const std::filesystem::path& directory, std::uint32_t version) {
  io::FileSystem& files = io::PosixFileSystem();
  constexpr std::uint64_t kCapacityBytes = std::uint64_t{64} << 10;
  log::Manifest manifest{.next_segment_id = 6, .sequence = 9, .segments = {}};

  GoldenWriter first(directory, {.segment_id = 1, .base_sequence = 1, .created_sequence = 1, .version = version},
                     kCapacityBytes, 1);
  first.Put("alpha", "first");
  first.Put("gone", "before the end");
  first.Put("", "the empty key");
  first.Put(std::string("\x00\xff\n", 3), std::string("any\vytes\0", 9));
  first.Put("expires", "in 2100", kGoldenExpiryMs);
  first.Put("long value", std::string(20'000, 'v'));
  first.Remove("gone");
  const auto sealed = first.Seal();
  KVS_CHECK(files.WriteFileAtomically(log::HintPath(directory, 1), *log::EncodeHint(*sealed)));
  manifest.Add({.segment_id = 1, .sealed_bytes = sealed->readable_bytes()});

  GoldenWriter third(directory, {.segment_id = 3, .base_sequence = 2, .created_sequence = 10, .version = version},
                     kCapacityBytes, 8);
  third.Put("moved", "by compaction");
  third.Put(std::string(300, 'k'), "");
  manifest.Add({.segment_id = 3, .sealed_bytes = third.Seal()->readable_bytes()});

  GoldenWriter fourth(directory, {.segment_id = 4, .base_sequence = 10, .created_sequence = 10, .version = version},
                      kGoldenOpenBytes, 10);
  const std::string two(200, '2');
  fourth.Batch({log::DraftPut("batch one", "1"), log::DraftPut("batch two", two), log::DraftTombstone("moved twice"),
                log::DraftPut("alpha", "second")});
  fourth.SyncAndMark();
  fourth.Put("last", "of the log");
  manifest.Add({.segment_id = 4, .sealed_bytes = 0});

  GoldenWriter fifth(directory, {.segment_id = 5, .base_sequence = 14, .created_sequence = 14, .version = version},
                     kGoldenOpenBytes, 14);
  manifest.Add({.segment_id = 5, .sealed_bytes = 0});
  KVS_CHECK(files.WriteFileAtomically(log::ManifestPath(directory), log::EncodeManifest(manifest)));
}

}  // namespace kvs::compat
