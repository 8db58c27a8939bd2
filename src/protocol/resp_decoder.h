// RespDecoder: cuts a byte stream into the commands of RESP, the Redis protocol. Pure: no I/O, no clock, no logging.
//
//   command := "*" count CRLF bulk{count}      bulk := "$" bytes CRLF payload CRLF
//            | line LF                         an inline command: words, "quoted\x00" or 'quoted', for people
//   states  := kStart -> kBulkHeader <-> kBulkPayload -> kStart ; any violation -> dead, for good
//
// Design         The owner of the input offers all of it that is not yet consumed, and offers it again, grown, after
//                kNeedMore. The decoder keeps no bytes, but remembers how far it has come and where the arguments
//                are. So each byte is read only once, in however many pieces a command arrives.
// Hostile input  Limits are checked on the line that declares a size, before a byte of the payload is awaited. An
//                unauthenticated client has smaller limits. Room grows with the bytes that arrive.
// Lifetime       arguments() point into the input last offered, or into the decoder; they die with the next Decode().
// Strictness     Refusals and their words are those of Redis 7.0, with one more. The two bytes after a payload must be
//                CRLF: if a client declares a wrong length, its data must not be taken for commands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvs::protocol {

enum class RespStatus : std::uint8_t {
  kCommand,    // arguments() are it; none for an empty command, which is to be ignored.
  kNeedMore,   // The input is a proper prefix of a command, perhaps an empty one.
  kViolation,  // Not this protocol, or over a limit: the stream cannot be followed any further.
};

struct RespDecoded {
  RespStatus status;
  std::size_t consumed_bytes = 0;   // 0 unless kCommand. Any split of the same stream yields the same commands.
  std::string_view complaint = "";  // Words for the client about a kViolation. Lives in the decoder.
};

struct RespLimits {
  std::size_t command_bytes_max;  // One command, with all its arguments and their headers.
  std::size_t bulk_bytes_max;     // One argument.
};

inline constexpr std::size_t kRespInlineBytesMax = std::size_t{64} << 10;  // Also of a line that declares a size.
inline constexpr std::int64_t kRespArgumentsMax = 0x7fffffff;
inline constexpr std::int64_t kRespUnauthenticatedArgumentsMax = 10;  // While not authenticated.
inline constexpr std::int64_t kRespUnauthenticatedBulkBytesMax = 16'384;
inline constexpr std::size_t kRespUnauthenticatedCommandBytesMax = kRespInlineBytesMax;

// The first argument after the name of the command that `input` begins with: most often a key. Empty: there is none, or
// the command has no common form. No limit is checked.
std::string_view PeekRespKey(std::string_view input);

class RespDecoder {
 public:
  explicit RespDecoder(const RespLimits& limits) : limits_(limits) {}

  RespDecoded Decode(std::string_view input);
  std::span<const std::string_view> arguments() const { return arguments_; }

  // Forgets the command that it was about to read, and a violation: the input will be offered again from an earlier
  // command on.
  void Forget();

  // Memory for an unfinished command and for the next one.
  std::size_t held_bytes() const {
    return slices_.capacity() * sizeof(Slice) + arguments_.capacity() * sizeof(std::string_view) + words_.capacity();
  }

  // From the next command on.
  void set_is_unauthenticated(bool is_unauthenticated) { is_unauthenticated_ = is_unauthenticated; }

 private:
  struct Slice {
    std::size_t offset;
    std::size_t bytes;
  };
  enum class Line : std::uint8_t { kNumber, kPartial, kTooLong, kMalformed };

  std::size_t DecodeWhole(std::string_view input);
  RespDecoded DecodeCommand(std::string_view input);
  RespDecoded DecodeInline(std::string_view input);
  RespDecoded DecodeBulks(std::string_view input);
  Line ReadNumberLine(std::string_view input, std::int64_t* number);
  bool SplitInline(std::string_view line);
  bool ReadQuoted(std::string_view line, std::size_t* at);
  RespDecoded Finish(const char* base);
  RespDecoded Refuse(std::string complaint);

  // Constant after construction.
  const RespLimits limits_;

  bool is_unauthenticated_ = false;
  bool is_dead_ = false;
  std::string complaint_;  // Of the violation, once dead.

  // Of the command that is being read.
  std::size_t at_ = 0;            // All before it is understood.
  std::int64_t bulks_left_ = 0;   // 0: the command's first line is still to come.
  std::int64_t bulk_bytes_ = -1;  // Of the payload that is awaited; -1: its header is.
  std::vector<Slice> slices_;

  std::vector<std::string_view> arguments_;
  std::string words_;  // Of an inline command, without their quotes.
};

}  // namespace kvs::protocol
