// SocketAddress: a kvs::Address in the kernel's form.
#pragma once

#include <sys/socket.h>

#include "kvs/address.h"
#include "kvs/result.h"

namespace kvs::io {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t bytes = 0;

  // kInvalidArgument: address.ip is not an IP address.
  static Result<SocketAddress> From(const Address& address);
  Address ToAddress() const;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

}  // namespace kvs::io
