// Promised: a message reaches every listener, on every loop, and each publisher's messages arrive in their order. No
// message of a subscription follows the reply that ends it. A listener that reads nothing is dropped, and no other
// client is.
//
// Attack: publishers and listeners on all loops of a server, in both of its modes, while others come and go. Also run
// under ThreadSanitizer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/resp_client.h"
#include "support/running_server.h"
#include "support/server_modes.h"

namespace kvs::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

ServerOptions WithSmallOutput(ServerOptions options) {
  options.output_buffer_bytes_max = std::size_t{256} << 10;
  return options;
}

class ServerPubSubTest : public ServerModesTest {
 protected:
  const RunningServer server_{engine_, WithSmallOutput(Options())};
};

std::vector<std::string> Words(const std::string& reply) {
  std::vector<std::string> words;
  for (const std::string& element : RespElements(reply)) {
    words.push_back(element.starts_with('$') ? RespText(element) : element);
  }
  return words;
}

TEST_P(ServerPubSubTest, ListenersGetAllMessagesInEachPublishersOrder) {
  constexpr int kPublishers = 3;
  constexpr int kMessages = 300;
  std::vector<std::unique_ptr<RespClient>> listeners;
  for (int i = 0; i < 6; ++i) {
    listeners.push_back(std::make_unique<RespClient>(server_.address()));
    if (i % 2 == 1) {
      EXPECT_THAT(listeners.back()->Call({"HELLO", "3"}), StartsWith("%7"));
    }
    const bool is_pattern = i >= 4;
    EXPECT_THAT(listeners.back()->Call({is_pattern ? "PSUBSCRIBE" : "SUBSCRIBE", is_pattern ? "new?" : "news"}),
                HasSubstr("subscribe"));
  }
  std::vector<std::thread> threads;
  for (int p = 0; p < kPublishers; ++p) {
    threads.emplace_back([this, p] {
      RespClient client(server_.address());
      for (int m = 0; m < kMessages; ++m) {
        const std::string message = std::to_string(p) + ":" + std::to_string(m);
        ASSERT_EQ(client.Call({"PUBLISH", "news", message}), ":6\r\n");
      }
    });
  }
  for (const auto& listener : listeners) {
    threads.emplace_back([&listener] {
      std::map<std::string, int> next;
      for (int i = 0; i < kPublishers * kMessages; ++i) {
        const std::string message = Words(listener->Receive()).back();
        const std::string publisher = message.substr(0, message.find(':'));
        ASSERT_EQ(message, publisher + ":" + std::to_string(next[publisher]++));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(ServerPubSubTest, NothingComesAfterTheEndOfASubscription) {
  std::atomic<bool> is_done{false};
  std::vector<std::thread> publishers;
  for (int p = 0; p < 2; ++p) {
    publishers.emplace_back([&] {
      RespClient client(server_.address());
      while (!is_done.load(std::memory_order_relaxed)) client.Call({"PUBLISH", "c", "m"});  // R1: the end of the test.
    });
  }
  RespClient listener(server_.address());
  for (int round = 0; round < 100; ++round) {
    ASSERT_EQ(listener.Call({"SUBSCRIBE", "c"}), "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    ASSERT_EQ(Words(listener.Receive()).front(), "message");
    listener.Send(RespCommand({"UNSUBSCRIBE", "c"}) + RespCommand({"ECHO", "end"}));
    std::string reply = listener.Receive();
    while (Words(reply).front() == "message") reply = listener.Receive();
    ASSERT_EQ(reply, "*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n");
    ASSERT_EQ(listener.Receive(), "$3\r\nend\r\n");
  }
  is_done.store(true, std::memory_order_relaxed);  // R1
  for (std::thread& publisher : publishers) publisher.join();
}

TEST_P(ServerPubSubTest, ListenersMayEndAtAnyTime) {
  std::atomic<bool> is_done{false};
  std::vector<std::thread> comers;
  for (int t = 0; t < 3; ++t) {
    comers.emplace_back([&] {
      for (int i = 0; i < 60; ++i) {
        RespClient client(server_.address());
        client.Call({"SUBSCRIBE", "c", "d"});
        if (i % 2 == 0) client.Receive();
      }
      is_done.store(true, std::memory_order_relaxed);  // R1: one of them is enough.
    });
  }
  RespClient publisher(server_.address());
  while (!is_done.load(std::memory_order_relaxed)) {  // R1
    ASSERT_THAT(publisher.Call({"PUBLISH", "c", "m"}), StartsWith(":"));
  }
  for (std::thread& comer : comers) comer.join();
}

TEST_P(ServerPubSubTest, OnlyAListenerThatDoesNotReadIsDropped) {
  RespClient slow(server_.address());
  slow.Call({"SUBSCRIBE", "c"});
  RespClient quick(server_.address());
  quick.Call({"SUBSCRIBE", "c"});
  RespClient publisher(server_.address());
  const std::string message(32'768, 'x');
  std::string receivers = ":2\r\n";
  int sent = 0;
  for (; receivers == ":2\r\n" && sent < 10'000; ++sent) {
    receivers = publisher.Call({"PUBLISH", "c", message});
    ASSERT_EQ(Words(quick.Receive()).back(), message);
  }
  EXPECT_EQ(receivers, ":1\r\n");  // After the kernel's buffers and the limit are full.
  slow.ReceiveToTheEnd();
  EXPECT_EQ(publisher.Call({"PUBLISH", "c", "last"}), ":1\r\n");
  EXPECT_EQ(Words(quick.Receive()).back(), "last");
}

INSTANTIATE_TEST_SUITE_P(Modes, ServerPubSubTest, testing::Values(Mode::kDirect, Mode::kPooled), ModeName);

}  // namespace
}  // namespace kvs::test
