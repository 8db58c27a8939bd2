// FrameDecoder: cuts a byte stream into requests of the native protocol. Pure: no I/O, no clock, no logging.
//
//   states  := kHeader -> kBody -> kHeader ; any violation -> kDead, for good
//
// Design         The decoder keeps no bytes: the owner of the input offers all of it that is not yet consumed, and
//                offers it again, grown, after kNeedMore. Reading sixteen bytes twice is cheaper than remembering
//                them.
// Hostile input  Limits are checked on the 16-byte header, before any body byte is awaited or allocated.
// Lifetime       Views in the request point into `input` and die with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/native_frame.h"
#include "protocol/request.h"

namespace kvs::protocol {

enum class DecodeStatus : std::uint8_t {
  kRequest,    // `request` is whole; `consumed_bytes` of the input were it.
  kNeedMore,   // The input is a proper prefix of a frame, perhaps an empty one.
  kMalformed,  // Not a frame of this protocol: the stream cannot be followed any further.
  kTooLarge,   // A frame over a limit: its body will not be read, so the stream ends here as well.
};

struct Decoded {
  DecodeStatus status;
  std::size_t consumed_bytes = 0;  // 0 unless kRequest. Any split of the same stream yields the same requests.
  Request request{.opcode = Opcode::kPing};  // Of kTooLarge only the opcode and the id are set.
  const char* complaint = "";                // The reason, unless kRequest or kNeedMore.
};

// The key of the request that `input` begins with, or a guess: nothing is checked. Empty: there is none.
std::string_view PeekFrameKey(std::string_view input);

class FrameDecoder {
 public:
  // `frame_bytes_max` bounds header, key and value together, below what the protocol allows.
  explicit FrameDecoder(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

  Decoded Decode(std::string_view input);

 private:
  Decoded Refuse(Decoded violation);

  std::size_t frame_bytes_max_;
  Decoded refusal_{.status = DecodeStatus::kNeedMore};  // Once it is a violation, every further answer.
};

}  // namespace kvs::protocol
