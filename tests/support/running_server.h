// RunningServer: a KvsServer on a free port of the loopback device, in a thread of its own, for as long as it lives.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>

#include "kvs/server.h"

namespace kvs::test {

class RunningServer {
 public:
  RunningServer(std::shared_ptr<KvsEngine> engine, ServerOptions options) {
    options.address = {.ip = "127.0.0.1", .port = 0};
    server_ = *KvsServer::Create(std::move(engine), options);
    thread_ = std::thread([this] { result_ = server_->Run(); });
  }
  ~RunningServer() {
    if (!thread_.joinable()) return;
    const Status ended = Stop();
    EXPECT_TRUE(ended.has_value()) << (ended ? "" : ended.error().ToString());
  }

  const Address& address() const { return server_->address(); }
  const Address& tls_address() const { return server_->tls_address(); }
  Status ReloadCertificates() const { return server_->ReloadCertificates(); }
  void RequestStop() { server_->Stop(); }

  // Returns the result of Run().
  Status Stop() {
    server_->Stop();
    thread_.join();
    return result_;
  }

 private:
  std::unique_ptr<KvsServer> server_;
  Status result_;
  std::thread thread_;
};

}  // namespace kvs::test
