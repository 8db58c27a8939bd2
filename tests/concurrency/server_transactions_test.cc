// Promised: MSET and EXEC are atomic for other clients. EXEC with WATCH loses no update. MGET sees either all of
// another client's MSET or EXEC, or nothing. DEL of several keys counts each removal once.
//
// Attack: clients on a server with several loops move money between accounts, write pairs that must stay equal, and
// remove the same keys. Others read and check sums that must hold at every moment. Also run under ThreadSanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "kvs/kv_store.h"
#include "support/resp_client.h"
#include "support/running_server.h"
#include "support/temporary_directory.h"

namespace kvs::test {
namespace {

constexpr int kAccounts = 4;
constexpr int kStartingMoney = 100;

std::string Account(std::uint64_t i) { return "account:" + std::to_string(i); }

std::int64_t NumberIn(const std::string& bulk) { return base::ParseDecimal(RespText(bulk)).value_or(-1); }

class ServerTransactionsTest : public testing::Test {
 protected:
  ServerTransactionsTest() : server_(*KvStore::Open(directory_.path(), {.sync = SyncPolicy::kNone}), {.threads = 3}) {}

  const TemporaryDirectory directory_;
  const RunningServer server_;
};

TEST_F(ServerTransactionsTest, MoneyIsNeitherMadeNorLost) {
  constexpr int kMoves = 200;
  RespClient first(server_.address());
  std::vector<std::string> accounts = {"MGET"};
  for (std::uint64_t i = 0; i < kAccounts; ++i) {
    first.Call({"SET", Account(i), std::to_string(kStartingMoney)});
    accounts.push_back(Account(i));
  }
  std::atomic<int> movers{3};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      RespClient client(server_.address());
      base::Random random(t);
      for (int moved = 0; moved < kMoves;) {
        const std::string from = Account(random.Below(kAccounts));
        const std::string to = Account(random.Below(kAccounts));
        if (from == to) continue;
        client.Call({"WATCH", from, to});
        const std::int64_t from_money = NumberIn(client.Call({"GET", from}));
        const std::int64_t to_money = NumberIn(client.Call({"GET", to}));
        client.Send(RespCommand({"MULTI"}) + RespCommand({"SET", from, std::to_string(from_money - 1)}) +
                    RespCommand({"SET", to, std::to_string(to_money + 1)}) + RespCommand({"EXEC"}));
        for (int i = 0; i < 3; ++i) client.Receive();
        const std::string outcome = client.Receive();
        ASSERT_TRUE(outcome == "*-1\r\n" || outcome == "*2\r\n+OK\r\n+OK\r\n") << outcome;
        outcome == "*-1\r\n" ? refused.fetch_add(1, std::memory_order_relaxed) : ++moved;  // R1: a count.
      }
      movers.fetch_sub(1, std::memory_order_relaxed);  // R1: the loop below ends a little later.
    });
  }
  const auto sum = [&] {
    std::int64_t money = 0;
    for (const std::string& bulk : RespElements(first.Call(accounts))) money += NumberIn(bulk);
    return money;
  };
  while (movers.load(std::memory_order_relaxed) > 0) ASSERT_EQ(sum(), kAccounts * kStartingMoney);  // R1
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum(), kAccounts * kStartingMoney);
}

TEST_F(ServerTransactionsTest, PairsThatAreSetTogetherAreReadTogether) {
  std::atomic<bool> is_done{false};
  std::vector<std::thread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([&, t] {
      RespClient client(server_.address());
      for (int i = 0; i < 500; ++i) {
        const std::string value = std::to_string(t) + ":" + std::to_string(i);
        if (i % 3 == 0) {
          client.Send(RespCommand({"MULTI"}) + RespCommand({"SET", "a", value}) + RespCommand({"SET", "b", value}) +
                      RespCommand({"EXEC"}));
          for (int reply = 0; reply < 4; ++reply) client.Receive();
        } else if (i % 3 == 1) {
          ASSERT_EQ(client.Call({"MSET", "a", value, "b", value}), "+OK\r\n");
        } else {
          ASSERT_EQ(client.Call({"DEL", "a", "b"}).front(), ':');
        }
      }
      is_done.store(true, std::memory_order_relaxed);  // R1: one of them is enough.
    });
  }
  std::thread reader([&] {
    RespClient client(server_.address());
    while (!is_done.load(std::memory_order_relaxed)) {  // R1
      const auto values = RespElements(client.Call({"MGET", "a", "b"}));
      ASSERT_EQ(values.size(), 2U);
      ASSERT_EQ(values[0], values[1]);
    }
  });
  for (std::thread& writer : writers) writer.join();
  reader.join();
}

TEST_F(ServerTransactionsTest, EachRemovalIsCountedOnce) {
  constexpr int kRounds = 100;
  std::atomic<std::int64_t> removed{0};
  std::atomic<std::int64_t> set{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      RespClient client(server_.address());
      for (int i = 0; i < kRounds; ++i) {
        for (const char* key : {"x", "y", "z"}) {
          set.fetch_add(client.Call({"SETNX", key, "v"}) == ":1\r\n" ? 1 : 0, std::memory_order_relaxed);  // R1
        }
        const std::string reply = i % 2 == 0 ? client.Call({"DEL", "x", "y", "z"}) : client.Call({"UNLINK", "x"});
        removed.fetch_add(reply[1] - '0', std::memory_order_relaxed);  // R1
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  RespClient last(server_.address());
  const std::string left = last.Call({"DEL", "x", "y", "z"});
  EXPECT_EQ(removed.load(std::memory_order_relaxed) + (left[1] - '0'), set.load(std::memory_order_relaxed));  // R1
}

TEST_F(ServerTransactionsTest, CountersLoseNoIncrementInOrOutsideExec) {
  constexpr int kCounts = 300;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      RespClient client(server_.address());
      for (int i = 0; i < kCounts; ++i) {
        if ((i + t) % 2 == 0) {
          client.Call({"INCR", "n"});
        } else {
          client.Send(RespCommand({"MULTI"}) + RespCommand({"INCR", "n"}) + RespCommand({"EXEC"}));
          for (int reply = 0; reply < 3; ++reply) client.Receive();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  RespClient last(server_.address());
  EXPECT_EQ(NumberIn(last.Call({"GET", "n"})), 3 * kCounts);
}

TEST_F(ServerTransactionsTest, ClientsAreListedAndKilledWhileTheyWork) {
  std::atomic<int> victims{3};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        RespClient client(server_.address());
        client.TrySend(RespCommand({"CLIENT", "SETNAME", "victim"}) +
                       RespCommand({"CLIENT", "SETINFO", "lib-name", "x"}));
        while (client.TrySend(RespCommand({"INCR", "n"})) && client.TryReceive()) continue;
      }
      victims.fetch_sub(1, std::memory_order_relaxed);  // R1: the loop below ends a little later.
    });
  }
  std::thread killer([&] {
    RespClient client(server_.address());
    while (victims.load(std::memory_order_relaxed) > 0) {  // R1
      EXPECT_EQ(client.Call({"CLIENT", "LIST"}).front(), '$');
      EXPECT_EQ(client.Call({"CLIENT", "KILL", "TYPE", "normal"}).front(), ':');
    }
  });
  for (std::thread& thread : threads) thread.join();
  killer.join();
}

}  // namespace
}  // namespace kvs::test
