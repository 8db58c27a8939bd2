// ReadInto: a read that appends what it finds to a buffer.
//
//   const auto append = [&](std::string_view value) { out.Append(value); };
//   const Result<bool> found = ReadInto(out, [&] { return keys.ReadValue(key, append); });
//
// What was appended stays only if the answer is true. An engine may find out after the visit that the value is not to
// be trusted.
#pragma once

#include <cstddef>

#include "base/byte_buffer.h"
#include "kvs/result.h"

namespace kvs::server {

template <class Read>
Result<bool> ReadInto(base::ByteBuffer& out, Read read) {
  const std::size_t begin = out.size();
  Result<bool> found = read();
  if (!found || !*found) out.Truncate(begin);
  return found;
}

}  // namespace kvs::server
