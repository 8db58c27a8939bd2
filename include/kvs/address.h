// Address: an IP address and a port, as "127.0.0.1:4000" or "[::1]:4000".
//
//     kvs::Address::Parse("[::1]:4000")->port;                    // == 4000
//     kvs::Address::Parse("localhost:4000").has_value();          // == false
//     kvs::Address{.ip = "127.0.0.1", .port = 4000}.ToString();   // == "127.0.0.1:4000"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kvs/result.h"

namespace kvs {

struct Address {
  std::string ip = "127.0.0.1";  // As inet_pton reads it, v4 or v6, without brackets.
  std::uint16_t port = 4000;     // 0: the kernel chooses a free port (servers only).

  // kInvalidArgument: the text is not of the form IP:PORT or [IPv6]:PORT. Host names are not resolved.
  static Result<Address> Parse(std::string_view text);
  std::string ToString() const;

  friend bool operator==(const Address&, const Address&) = default;
};

}  // namespace kvs
