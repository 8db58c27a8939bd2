// Wire: the encoded requests and the expected answers, for each protocol of a server under test.
//
// Design      Every key was set before it is read, so the form of each answer is known before it comes: an answer is
//             whole, too short, or wrong. Pure: bytes in, bytes out.
// Threads     Constant after construction: any.
// Errors      A server's error, an absent key and a foreign value are all kWrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kvs::bench {

enum class Operation : std::uint8_t { kGet, kSet };

struct Request {
  std::uint64_t number;   // Of the pair.
  std::int64_t start_ns;  // When it was sent, or should have been.
  Operation operation;
  bool ends_group = true;  // Of a multi-key get: its answer is followed by the end of all. Encode() sets it.
};

struct Answer {
  enum class Verdict : std::uint8_t { kRight, kTooShort, kWrong };
  Verdict verdict;
  std::size_t bytes = 0;  // Of kRight.
};

enum class ValueCheck : std::uint8_t {
  kWhole,
  kLengthOnly,  // For a server that stores nothing.
};

class Wire {
 public:
  virtual ~Wire() = default;
  // Appends the requests to `out`, to be sent together.
  virtual void Encode(std::span<Request> requests, std::string* out) const = 0;
  // Looks at the answer to `request`, with which `input` begins.
  virtual Answer Read(const Request& request, std::string_view input) const = 0;
};

// RESP2, which needs no greeting: kvs, Redis, Valkey.
std::unique_ptr<Wire> MakeRespWire(std::size_t value_bytes, ValueCheck check);

// memcached's text protocol. It answers each pipelined get by a system call of its own, so gets that are sent together
// can be sent as one get of many keys, as its clients do.
enum class GetForm : std::uint8_t { kOneKeyEach, kManyKeys };
std::unique_ptr<Wire> MakeMemcachedWire(std::size_t value_bytes, ValueCheck check, GetForm form);

}  // namespace kvs::bench
