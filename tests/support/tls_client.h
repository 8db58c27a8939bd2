// TlsClient: speaks RESP, or any bytes, through TLS. Every wait is bounded.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "io/tls.h"
#include "support/resp_client.h"

namespace kvs::test {

class TlsClient {
 public:
  TlsClient(const Address& address, const std::shared_ptr<io::TlsContext>& context)
      : socket_(*io::Connect(address, Soon())), stream_(*context->Connect(socket_.get())) {}

  // False: the connection has ended, or was never made.
  bool TrySend(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = stream_->Send(bytes);
      if (!sent) return false;
      if (sent->outcome == io::TransferOutcome::kBytes) {
        bytes.remove_prefix(sent->bytes);
      } else if (!Wait()) {
        return false;
      }
    }
    return true;
  }

  // Bytes as they are, past TLS. Returns when the server's kernel has them.
  void SendRaw(std::string_view bytes) {
    EXPECT_EQ(io::Send(socket_.get(), bytes)->bytes, bytes.size());
    while (io::BytesUnacknowledged(socket_.get()) > 0) std::this_thread::yield();
  }

  // nullopt: the connection has ended.
  std::optional<std::string> TryReceive() {
    while (true) {
      if (const auto bytes = RespReplyBytes(input_)) {
        std::string reply = input_.substr(0, *bytes);
        input_.erase(0, *bytes);
        return reply;
      }
      if (!ReceiveSome()) return std::nullopt;
    }
  }

  std::string Call(const std::vector<std::string>& words) {
    if (!TrySend(RespCommand(words))) return "(the connection has ended)";
    return TryReceive().value_or("(the connection has ended)");
  }

  // Appends the received bytes to the input, without a look at them. False: the connection has ended.
  bool ReceiveSome() {
    std::array<char, 65'536> bytes;
    while (true) {
      const auto received = stream_->Receive(bytes);
      if (!received) last_error_ = received.error().ToString();
      if (!received || received->outcome == io::TransferOutcome::kEnd) return false;
      if (received->outcome == io::TransferOutcome::kBytes) {
        input_.append(bytes.data(), received->bytes);
        return true;
      }
      if (!Wait()) return false;
    }
  }
  const std::string& input() const { return input_; }
  const std::string& last_error() const { return last_error_; }  // Why receiving ended; empty: a proper end.

 private:
  static io::Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(60); }

  bool Wait() {
    const bool waits_to_send = stream_->wants_to_send();
    const Status waited =
        waits_to_send ? io::WaitWritable(socket_.get(), Soon()) : io::WaitReadable(socket_.get(), Soon());
    EXPECT_TRUE(waited.has_value()) << "the server is silent";
    return waited.has_value();
  }

  io::UniqueFd socket_;
  std::unique_ptr<io::TlsStream> stream_;
  std::string input_;
  std::string last_error_;
};

}  // namespace kvs::test
