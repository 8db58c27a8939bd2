// The frames of the native protocol, version 1. Little-endian, packed, unaligned; client and server alternate freely.
//
// A request:
//
//   offset  size  field
//        0     1  magic        0xB5
//        1     1  version      1
//        2     1  opcode       Opcode; an unknown one is answered with kUnsupported, and the connection lives
//        3     1  flags        0; any other value is refused, which leaves room for version 2
//        4     4  request_id   chosen by the client, repeated in the response
//        8     4  key_bytes    0..65'535
//       12     4  value_bytes  0..536'870'912
//       16     -  key, then value
//
// A response:
//
//        0     1  magic          0xB5
//        1     1  version        1
//        2     1  status         0: ok; otherwise an ErrorCode
//        3     1  flags          kValueFlag: the payload is a value; kClosingFlag: the server closes after this frame
//        4     4  request_id     of the request; 0 if the server could not tell
//        8     4  payload_bytes  0..536'870'912
//       12     -  payload        the value, or the text of the error in UTF-8
//
// The bytes are pinned by tests/compat/v1/; docs/protocol.md has the reasons and the history.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvs::protocol {

inline constexpr std::uint8_t kFrameMagic = 0xB5;
inline constexpr std::uint8_t kFrameVersion = 1;

inline constexpr std::size_t kRequestHeaderBytes = 1 + 1 + 1 + 1 + 4 + 4 + 4;
static_assert(kRequestHeaderBytes == 16);
inline constexpr std::size_t kResponseHeaderBytes = 1 + 1 + 1 + 1 + 4 + 4;
static_assert(kResponseHeaderBytes == 12);

inline constexpr std::uint8_t kValueFlag = 1;
inline constexpr std::uint8_t kClosingFlag = 2;

// Limits of a frame. The server holds them equal to those of its engines.
inline constexpr std::size_t kFrameKeyBytesMax = 65'535;
inline constexpr std::size_t kFrameValueBytesMax = std::size_t{512} << 20;
inline constexpr std::size_t kFrameErrorTextBytesMax = 1024;  // A longer text is cut.

// The first bytes from a server with no room for another client. The client has not shown its protocol yet, so this is
// a line of RESP. A client takes any such line for an error, and the connection ends after it.
inline constexpr std::string_view kRefusalLine = "-ERR max number of clients reached\r\n";

}  // namespace kvs::protocol
