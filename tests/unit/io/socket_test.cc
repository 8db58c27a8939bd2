// Promised: each failure outside is an outcome or an error. A call waits only if asked to, has a timeout if asked to,
// and raises no SIGPIPE. The tests talk to themselves over the loopback device, on free ports.
#include "io/socket.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kvs::io {
namespace {

Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

std::atomic<int> signals = 0;  // That were handled.

struct Pair {
  UniqueFd listener, client, server;
};

Pair ConnectedPair(const std::string& ip = "127.0.0.1") {
  Pair pair;
  pair.listener = *Listen({.ip = ip, .port = 0});
  pair.client = *Connect(*LocalAddress(pair.listener.get()), Soon());
  EXPECT_TRUE(WaitReadable(pair.listener.get(), Soon()).has_value());
  Result<Accepted> accepted = Accept(pair.listener.get());
  EXPECT_EQ(accepted->outcome, AcceptOutcome::kAccepted);
  pair.server = std::move(accepted->socket);
  return pair;
}

std::string ReceiveText(const UniqueFd& socket) {
  std::array<char, 100> buffer;
  EXPECT_TRUE(WaitReadable(socket.get(), Soon()).has_value());
  const auto received = Receive(socket.get(), buffer);
  return received ? std::string(buffer.data(), received->bytes) : "error";
}

TEST(SocketTest, PartsArriveAsOneStream) {
  const Pair pair = ConnectedPair();
  const std::array<std::string_view, 3> parts{"one", "", "two"};
  EXPECT_EQ(SendParts(pair.client.get(), parts)->bytes, 6U);
  EXPECT_EQ(ReceiveText(pair.server), "onetwo");
}

TEST(SocketTest, Ipv6WorksLikeIpv4) {
  if (!Listen({.ip = "::1", .port = 0})) GTEST_SKIP() << "this machine has no IPv6";
  const Pair pair = ConnectedPair("::1");
  EXPECT_TRUE(Send(pair.client.get(), "six").has_value());
  EXPECT_EQ(ReceiveText(pair.server), "six");
}

TEST(SocketTest, AWaitGoesOnAfterSignals) {
  const Pair pair = ConnectedPair();
  struct sigaction action {};
  struct sigaction former {};
  action.sa_handler = [](int) { signals.fetch_add(1, std::memory_order_relaxed); };
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &former), 0);
  std::atomic<bool> is_over = false;
  Status waited;
  std::thread waiter([&] {
    waited = WaitReadable(pair.server.get(), Soon());
    is_over.store(true, std::memory_order_relaxed);
  });
  while (signals.load(std::memory_order_relaxed) < 1'000) {
    ASSERT_EQ(::pthread_kill(waiter.native_handle(), SIGUSR1), 0);
    std::this_thread::yield();
  }
  EXPECT_FALSE(is_over.load(std::memory_order_relaxed));
  EXPECT_TRUE(Send(pair.client.get(), "x").has_value());
  waiter.join();
  EXPECT_TRUE(waited.has_value());
  ASSERT_EQ(::sigaction(SIGUSR1, &former, nullptr), 0);
}

TEST(SocketTest, NothingToReceiveIsNoWait) {
  const Pair pair = ConnectedPair();
  std::array<char, 10> buffer;
  EXPECT_EQ(Receive(pair.server.get(), buffer)->outcome, TransferOutcome::kWouldBlock);
  EXPECT_EQ(Accept(pair.listener.get())->outcome, AcceptOutcome::kNobodyWaits);
}

TEST(SocketTest, AFullSocketIsNoWait) {
  const Pair pair = ConnectedPair();
  const std::string chunk(1 << 20, 'x');
  Result<Transfer> sent = Send(pair.client.get(), chunk);
  for (int i = 0; i < 1'000 && sent->outcome == TransferOutcome::kBytes; ++i) sent = Send(pair.client.get(), chunk);
  EXPECT_EQ(sent->outcome, TransferOutcome::kWouldBlock);
}

TEST(SocketTest, APeerThatHasFinishedIsTheEnd) {
  const Pair pair = ConnectedPair();
  ShutDownSending(pair.client.get());
  ASSERT_TRUE(WaitReadable(pair.server.get(), Soon()).has_value());
  std::array<char, 10> buffer;
  EXPECT_EQ(Receive(pair.server.get(), buffer)->outcome, TransferOutcome::kEnd);
}

TEST(SocketTest, SendingToAPeerThatIsGoneIsAnErrorAndNoSignal) {
  Pair pair = ConnectedPair();
  EXPECT_TRUE(Send(pair.client.get(), "unread").has_value());
  ASSERT_TRUE(WaitReadable(pair.server.get(), Soon()).has_value());
  pair.server.Close();  // With bytes unread: the kernel resets the connection.
  ASSERT_TRUE(WaitReadable(pair.client.get(), Soon()).has_value());
  static_cast<void>(Send(pair.client.get(), "a").has_value());  // May be the call that learns of the reset.
  const auto sent = Send(pair.client.get(), "b");
  ASSERT_FALSE(sent.has_value());
  EXPECT_EQ(sent.error().code, ErrorCode::kIo);
  EXPECT_EQ(sent.error().sys_errno, EPIPE);
}

TEST(SocketTest, BytesThatWaitAreCounted) {
  const Pair pair = ConnectedPair();
  EXPECT_EQ(BytesWaiting(pair.server.get()), 0U);
  EXPECT_TRUE(Send(pair.client.get(), "12345").has_value());
  ASSERT_TRUE(WaitReadable(pair.server.get(), Soon()).has_value());
  EXPECT_EQ(BytesWaiting(pair.server.get()), 5U);
}

TEST(SocketTest, APortThatIsTakenIsAnErrorThatNamesIt) {
  const UniqueFd listener = *Listen({.port = 0});
  const Address address = *LocalAddress(listener.get());
  const auto second = Listen(address);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().sys_errno, EADDRINUSE);
  EXPECT_NE(second.error().context.find(address.ToString()), std::string::npos);
}

TEST(SocketTest, ConnectingWithoutAListenerIsAnError) {
  const Address address = *LocalAddress(Listen({.port = 0})->get());  // The listener is closed again immediately.
  const auto socket = Connect(address, Soon());
  ASSERT_FALSE(socket.has_value());
  EXPECT_EQ(socket.error().sys_errno, ECONNREFUSED);
}

TEST(SocketTest, AWaitEndsAtItsDeadline) {
  const Pair pair = ConnectedPair();
  const Deadline past = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  EXPECT_EQ(WaitReadable(pair.client.get(), past).error().code, ErrorCode::kTimeout);
}

// While it lives, no descriptor is left: the limit is the number of open ones.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    UniqueFd next = ReserveDescriptor();
    const rlimit tight{.rlim_cur = static_cast<rlim_t>(next.get()), .rlim_max = before_.rlim_max};
    next.Close();  // The lowest free number, so none below the new limit is free.
    ::setrlimit(RLIMIT_NOFILE, &tight);
  }
  ~NoDescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(SocketTest, AcceptReportsAWantOfDescriptors) {
  const UniqueFd listener = *Listen({.port = 0});
  const UniqueFd client = *Connect(*LocalAddress(listener.get()), Soon());
  ASSERT_TRUE(WaitReadable(listener.get(), Soon()).has_value());
  {
    const NoDescriptorsLeft none;
    EXPECT_EQ(Accept(listener.get())->outcome, AcceptOutcome::kNoDescriptors);
    EXPECT_FALSE(ReserveDescriptor().is_open());
  }
  EXPECT_EQ(Accept(listener.get())->outcome, AcceptOutcome::kAccepted);
}

TEST(UniqueFdTest, MovingHandsTheDescriptorOver) {
  UniqueFd first = ReserveDescriptor();
  const int number = first.get();
  UniqueFd second = std::move(first);
  EXPECT_FALSE(first.is_open());  // NOLINT: the promise under test.
  EXPECT_EQ(second.get(), number);
  second.Close();
  EXPECT_FALSE(second.is_open());
}

}  // namespace
}  // namespace kvs::io
