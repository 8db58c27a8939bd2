// CheckAsItIsAndForged(): for files with a magic, a version, and at byte 12 a checksum of 32 bits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/coding.h"

namespace kvs::log {

inline constexpr std::size_t kChecksumOffset = 12;
inline constexpr std::size_t kCheckedFrom = 16;

// Calls `check` with the input, and with the checksum in it put right, which would hide all else from the decoder.
template <class ChecksumOf, class Check>
void CheckAsItIsAndForged(std::string_view input, const ChecksumOf& checksum_of, const Check& check) {
  check(input);
  if (input.size() < kCheckedFrom) return;
  std::string forged(input);
  base::PutFixed32(forged.data() + kChecksumOffset, checksum_of(input));
  check(forged);
}

}  // namespace kvs::log
