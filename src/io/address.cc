#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/check.h"
#include "base/try.h"

namespace kvs {
namespace {

Error NotAnAddress(std::string_view text, std::string_view why) {
  return Error{.code = ErrorCode::kInvalidArgument,
               .context = "\"" + std::string(text) + "\" is not an address: " + std::string(why) +
                          " (expected IP:PORT, as in 127.0.0.1:4000 or [::1]:4000)"};
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || stop != end) return std::nullopt;
  return port;
}

bool IsIp(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return ::inet_pton(family, text.c_str(), bytes.data()) == 1;
}

}  // namespace

Result<Address> Address::Parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return NotAnAddress(text, "it has no port");

  std::string_view ip = text.substr(0, colon);
  const bool is_bracketed = ip.size() >= 2 && ip.front() == '[' && ip.back() == ']';
  if (is_bracketed) ip = ip.substr(1, ip.size() - 2);
  Address address{.ip = std::string(ip)};
  if (!IsIp(is_bracketed ? AF_INET6 : AF_INET, address.ip)) {
    if (IsIp(AF_INET6, address.ip)) return NotAnAddress(text, "an IPv6 address needs brackets");
    return NotAnAddress(text, "the part before the port is not an IP address");
  }

  const auto port = ParsePort(text.substr(colon + 1));
  if (!port) return NotAnAddress(text, "the port must be a number from 0 to 65535");
  address.port = *port;
  return address;
}

std::string Address::ToString() const {
  const bool is_v6 = ip.find(':') != std::string::npos;
  return (is_v6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port);
}

namespace io {

Result<SocketAddress> SocketAddress::From(const Address& address) {
  SocketAddress result;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, address.ip.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::memcpy(&result.storage, &v4, sizeof v4);
    result.bytes = sizeof v4;
  } else if (::inet_pton(AF_INET6, address.ip.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    std::memcpy(&result.storage, &v6, sizeof v6);
    result.bytes = sizeof v6;
  } else {
    return Error{.code = ErrorCode::kInvalidArgument, .context = "\"" + address.ip + "\" is not an IP address"};
  }
  return result;
}

Address SocketAddress::ToAddress() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  Address address;
  if (family() == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &storage, sizeof v4);
    KVS_CHECK(::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size()) != nullptr);
    address.port = ntohs(v4.sin_port);
  } else {
    KVS_CHECK(family() == AF_INET6);
    sockaddr_in6 v6;
    std::memcpy(&v6, &storage, sizeof v6);
    KVS_CHECK(::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size()) != nullptr);
    address.port = ntohs(v6.sin6_port);
  }
  address.ip = text.data();
  return address;
}

}  // namespace io
}  // namespace kvs
