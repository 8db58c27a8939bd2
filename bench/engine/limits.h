// Limits: what the machine takes for the parts of an operation if no store is there: misses, copies, an append.
//
// Design      A file as large as the data of the run has a record for each key, as large as one of kvs: a header of ten
//             bytes, the key, the value. It is written in pieces of 2 MB, as kvs writes to its segments, and read
//             through a mapping. A record is read whole: its header, and its value by a ValueReader.
//
//   limit-read      a record at a random place; its place depends on what was read of the one before
//   limit-read16    records at random places, 16 of them prefetched together; the figures are per record
//   limit-sequence  records in their order
//   limit-get       a header at a random place, and a record whose place depends on it: a get of any index in memory
//                   that has a miss of its own
//   limit-copy      64 KiB from a random place
//   limit-append    a record and its checksum (XXH3), to the end of a new mapped file that grows by pieces of 2 MB
//
// Threads     One.
// Errors      A file that cannot be made ends the process. A value that is not that of its key counts in `bad`.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/random.h"
#include "engine.h"
#include "io/file_system.h"
#include "workloads.h"

namespace kvs::bench {

class Limits {
 public:
  // The workloads in the list above, in its order.
  static std::span<const std::string_view> Names();

  // Writes the file `records` into the directory of the settings.
  explicit Limits(const Settings& settings);

  // One of Names(), on one thread. The figures are ops, seconds, cpu_us, ops_per_s and bad.
  Figures Run(const Job& job);

 private:
  template <class Operation>
  Figures Measure(const Job& job, std::uint64_t records, Operation operation);
  template <class Operation>
  Figures Time(const Job& job, std::uint64_t records, Operation operation);
  Figures Append(const Job& job);

  void WriteRecords();
  const char* RecordAt(std::uint64_t number) const;
  std::uint64_t Draw();
  std::uint64_t ReadRecord(std::uint64_t number);
  void ReadBatch();
  void CopyPiece();

  const Settings settings_;
  const std::size_t record_bytes_;
  const std::uint64_t file_bytes_;
  std::unique_ptr<io::File> file_;
  io::Mapping records_;
  ValueReader reader_;
  base::Random random_{1};
  std::uint64_t bad_ = 0;
};

}  // namespace kvs::bench
