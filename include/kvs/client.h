// KvsClient: a blocking connection to a kvs-server over the native protocol.
//
//     auto client = kvs::KvsClient::Connect(address);  // Of a running kvs-server.
//     if (!client) return Report(client.error());
//     client->Set("greeting", "hello").has_value();    // == true
//     client->Get("greeting").value();                 // == "hello"
//     client->Get("nobody").value();                   // == std::nullopt
//
// Threads     One thread at a time.
// Limits      Keys and values beyond the limits of KvsEngine answer kInvalidArgument, and nothing is sent.
// Errors      Those of the server's engine, and kIo, kTimeout and kProtocol of the connection. After one of these three
//             the connection is dead and every call answers kIo, so connect again. It is then unknown whether a write
//             took effect. A server may also end the connection with an error of its own, after which nothing was done.
//             That is kOverloaded at its limit of connections, and kInvalidArgument for a request that is too large.
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
  std::chrono::milliseconds request_timeout{30'000};  // From sending a request until its answer is complete.
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
  Status Sync();  // The engine's barrier: all writes acknowledged before survive power loss after Ok().

 private:
  class Impl;
  explicit KvsClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kvs
