// The list of a backup, format 1: the file BACKUP. It is text that `sha256sum -c BACKUP` checks as well.
//
//   # kvs backup 1
//   # created 1764447110            seconds since 1970
//   # sequence 42                   of the last record
//   # bytes 67109000                of all files below
//   <64 hex digits>  000000000001.seg
//   <64 hex digits>  MANIFEST       and so on, in ascending order of the names
//   # root <64 hex digits>          SHA-256 of the line of the sequence and of all lines of files
//   # end <64 hex digits>           SHA-256 of all lines above
//
// Each line ends with "\n". A number has no leading zeroes. Every list has exactly one encoding. A later format has the
// same first and last line, so that a damaged version is not taken for a later format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/result.h"

namespace kvs::log {

inline constexpr std::string_view kBackupListMagic = "# kvs backup ";
inline constexpr std::size_t kBackupListBytesMax = std::size_t{256} << 20;

struct BackupList {
  struct File {
    std::string name;
    std::string sha256;  // 64 digits of 0-9 and a-f.
    friend bool operator==(const File&, const File&) = default;
  };

  std::int64_t created_s = 0;
  std::uint64_t sequence = 0;
  std::uint64_t bytes = 0;
  std::vector<File> files;  // In ascending order of the names.

  std::string Root() const;
  // nullptr: it is not in the list.
  const File* Find(std::string_view name) const;

  friend bool operator==(const BackupList&, const BackupList&) = default;
};

std::string EncodeBackupList(const BackupList& list);

// kCorruption: any byte is wrong. kUnsupported: a version that this build does not know.
Result<BackupList> DecodeBackupList(std::string_view text);

}  // namespace kvs::log
