// Request and Response: the messages of a native connection, apart from their bytes on the wire.
//
// Lifetime    Their views point into the bytes they were decoded from, and die with those.
#pragma once

#include <cstdint>
#include <string_view>

#include "kvs/result.h"

namespace kvs::protocol {

// DO NOT renumber: frames carry these. A number that is not here is answered with kUnsupported.
enum class Opcode : std::uint8_t {
  kPing = 1,    // no key, no value  -> ok
  kGet = 2,     // key               -> ok with the value, or ok without one: no such key
  kSet = 3,     // key, value        -> ok
  kRemove = 4,  // key               -> ok, or kKeyNotFound
  kSync = 5,    // no key, no value  -> ok, when all that was answered before survives power loss
};

struct Request {
  Opcode opcode;  // May be none of the names above.
  std::uint32_t request_id = 0;
  std::string_view key{};
  std::string_view value{};
};

struct Response {
  std::uint32_t request_id = 0;  // Of the request that it answers; 0 if none is to blame.
  std::uint8_t status = 0;       // 0: ok; otherwise an ErrorCode, perhaps one that this version does not know.
  bool has_value = false;        // `payload` is a value, which may be empty.
  bool is_closing = false;       // The connection ends after this response.
  std::string_view payload{};    // The value, or the text of the error.

  bool is_ok() const { return status == 0; }
  ErrorCode error_code() const { return static_cast<ErrorCode>(status); }  // Only if !is_ok().
};

}  // namespace kvs::protocol
