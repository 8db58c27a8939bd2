// Error, Result<T> and Status: how every call of kvs reports a failure in the world.
//
//     const auto half = [](int n) -> kvs::Result<int> {
//       if (n % 2 == 0) return n / 2;
//       return kvs::Error{.code = kvs::ErrorCode::kInvalidArgument, .context = "an odd number"};
//     };
//     half(8).value();             // == 4
//     half(7).error().ToString();  // == "invalid argument: an odd number"
//
// Design      Result<T> is tl::expected<T, Error> with [[nodiscard]] on the class, so that a dropped error is a
//             compiler warning. Its members carry the names of std::expected.
// Errors      No exception crosses the API of kvs except std::bad_alloc. A call that throws it has done nothing. Bugs
//             of kvs itself abort.
#pragma once

#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace kvs {

// DO NOT renumber: the native protocol carries these.
enum class ErrorCode : std::uint8_t {
  kKeyNotFound = 1,      // Remove() of an absent key.
  kInvalidArgument = 2,  // The call breaks a limit or a rule; nothing was done.
  kCorruption = 3,       // Bytes at rest are not what was written.
  kIo = 4,               // The operating system refused; sys_errno tells why.
  kPoisoned = 5,         // An earlier write or sync failed: no writes until the store is opened again.
  kUnsupported = 6,      // This engine does not support the call.
  kInUse = 7,            // Another process holds the directory; the context names its pid.
  kWrongEngine = 8,      // The directory belongs to another engine.
  kNoSpace = 9,          // No room, quota, descriptor, memory or thread is left. Nothing was written; it passes.
  kProtocol = 10,        // The peer broke the native protocol.
  kTimeout = 11,         // The peer did not answer in time. It is unknown whether it acted.
  kOverloaded = 12,      // The server is at its limit of connections.
  kCancelled = 13,       // The caller ended a long call before its end. What it had done is undone.
};

// The name of `code` as it appears in messages: "key not found", "corruption", ...
std::string_view ErrorCodeName(ErrorCode code);

// A text whose copy is empty if there is no memory for it: an error must be passed on also when memory has run out.
class ErrorContext : public std::string {
 public:
  using std::string::string;
  ErrorContext(std::string text) noexcept : std::string(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  ErrorContext(const ErrorContext& other) noexcept : std::string() { *this = other; }  // NOLINT: must not throw
  ErrorContext(ErrorContext&&) noexcept = default;
  ErrorContext& operator=(const ErrorContext& other) noexcept {
    try {
      assign(other);
    } catch (const std::bad_alloc&) {
      clear();
    }
    return *this;
  }
  ErrorContext& operator=(ErrorContext&&) noexcept = default;
  ~ErrorContext() = default;
};

struct Error {
  ErrorCode code;
  int sys_errno = 0;       // Set if the operating system refused a call, otherwise 0.
  ErrorContext context{};  // The operation and its object: "pread 000007.seg offset=8192 bytes=512".

  // One line for people: code, context and the text of sys_errno.
  std::string ToString() const;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}  // NOLINT: `return Error{...};`
};

using Status = Result<void>;

inline Status Ok() { return {}; }

}  // namespace kvs
