// KvsClient: a blocking connection to a kvs-server, over the native protocol.
//
//     auto client = kvs::KvsClient::Connect(address);  // Of a running kvs-server.
//     if (!client) return Report(client.error());
//     client->Set("greeting", "hello").has_value();    // == true
//     client->Get("greeting").value();                 // == "hello"
//     client->Get("nobody").value();                   // == std::nullopt
//
// Threads     One thread at a time.
// Limits      Keys and values over those of KvsEngine are refused with kInvalidArgument before anything is sent.
// Errors      Those of the server's engine, and kIo, kTimeout, kProtocol of the connection. After one of the latter
//             three the connection is dead, and every call answers kIo: connect anew. Whether a write took effect is
//             then unknown. A server may also end the connection with an error of its own: kOverloaded when it is at
//             its limit, kInvalidArgument when the request is larger than it takes; nothing was done then.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kvs/address.h"
#include "kvs/result.h"

namespace kvs {

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds request_timeout{30'000};  // From sending a request to the whole of its answer.
};

class KvsClient {
 public:
  static Result<KvsClient> Connect(const Address& address, const ClientOptions& options = {});
  KvsClient(KvsClient&&) noexcept;
  KvsClient& operator=(KvsClient&&) noexcept;
  ~KvsClient();

  Status Set(std::string_view key, std::string_view value);
  Result<std::optional<std::string>> Get(std::string_view key);  // nullopt: no such key.
  Status Remove(std::string_view key);                           // kKeyNotFound if absent.
  Status Ping();
  Status Sync();  // The engine's barrier: all that was acknowledged before survives power loss after Ok().

 private:
  class Impl;
  explicit KvsClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kvs
