// Salvage: gets out of a damaged store what is readable, and tells what is not.
//
//     kvs::KvStore::Open("damaged").value()->Set("greeting", "hello").has_value();  // == true
//     const auto tell = [](const kvs::LostPart& part) { std::cerr << part.ToString() << std::endl; };
//     kvs::SalvageStore("damaged", "salvaged", tell)->keys;                         // == 1
//     kvs::KvStore::Open("salvaged").value()->Get("greeting").value();              // == "hello"
//
// Design      Reads every segment, and after each damaged place searches for the next whole record. The newest record
//             of each key that is left goes to a new store. Without a manifest all segments count; removed keys may be
//             back then.
// Threads     Call anything from any thread.
// Ownership   Changes no file of the damaged store, and locks its directory.
// Limits      Needs about 100 bytes of memory for each key. A key whose newest record is lost is missing, has an older
//             value, or is back although it was removed. A batch may come back in part.
// Errors      kInvalidArgument: there is no store, or `to` is not empty. kInUse: the store is open. kUnsupported: a
//             later version of kvs wrote it. kNoSpace, kIo: nothing is left of the new store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "kvs/function_ref.h"
#include "kvs/result.h"

namespace kvs {

// A part of a file that could not be read.
struct LostPart {
  std::filesystem::path file{};
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::string what{};  // "records", "the header", "the file"
  // The keys of the records before and after it; nullopt: there is none. In a segment in the order of the keys, all
  // lost keys are between them.
  std::optional<std::string> key_before{};
  std::optional<std::string> key_after{};
  bool is_in_key_order = false;

  // One line for people.
  std::string ToString() const;
};

struct SalvageReport {
  std::uint64_t segments = 0;  // Of the damaged store.
  std::uint64_t records = 0;   // Whole ones.
  std::uint64_t keys = 0;      // In the new store.
  std::uint64_t lost_parts = 0;
  std::uint64_t lost_bytes = 0;
};

// Writes what is readable in `directory` to the new store `to`, which is absent or empty. Calls `lost` for each part
// that is not.
Result<SalvageReport> SalvageStore(const std::filesystem::path& directory, const std::filesystem::path& to,
                                   FunctionRef<void(const LostPart& part)> lost);

}  // namespace kvs
