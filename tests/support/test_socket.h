// TestSocket: a connected socket. Every wait is bounded, and a failed wait fails the test.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "io/socket.h"

namespace kvs::test {

class TestSocket {
 public:
  explicit TestSocket(const Address& address) : TestSocket(*io::Connect(address, Soon())) {}
  explicit TestSocket(io::UniqueFd socket) : socket_(std::move(socket)) {}

  // False: the server has ended the connection.
  bool TrySend(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = io::Send(socket_.get(), bytes);
      if (!sent) return false;
      bytes.remove_prefix(sent->bytes);
      if (sent->outcome == io::TransferOutcome::kWouldBlock) {
        EXPECT_TRUE(io::WaitWritable(socket_.get(), Soon()).has_value()) << "the server takes no bytes";
      }
    }
    return true;
  }
  void Send(std::string_view bytes) { EXPECT_TRUE(TrySend(bytes)); }
  void FinishSending() { io::ShutDownSending(socket_.get()); }

  // Returns when the server's kernel has all that was sent.
  void AwaitArrival() {
    while (io::BytesUnacknowledged(socket_.get()) > 0) std::this_thread::yield();
  }

  // Appends the received bytes to `input`, and waits if there are none. False: the connection has ended.
  bool ReceiveSome(std::string* input) {
    std::array<char, 65'536> bytes;
    while (true) {
      const auto received = io::Receive(socket_.get(), bytes);
      if (!received || received->outcome == io::TransferOutcome::kEnd) return false;
      if (received->outcome == io::TransferOutcome::kBytes) {
        input->append(bytes.data(), received->bytes);
        return true;
      }
      const Status waited = io::WaitReadable(socket_.get(), Soon());
      EXPECT_TRUE(waited.has_value()) << "the server sends nothing";
      if (!waited) return false;
    }
  }

 private:
  static io::Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(60); }

  io::UniqueFd socket_;
};

}  // namespace kvs::test
