// Promised: each client is in one list, and expires when it has been in it for the timeout of its phase. A restart puts
// it last. A visit may close the client that it is given. The clock is the test's.
#include "net/client_deadlines.h"

#include <gtest/gtest.h>

#include <vector>

#include "server/server_host.h"
#include "service/server_state.h"
#include "support/memory_engine.h"

namespace kvs::server {
namespace {

using Phase = Client::Phase;
using std::chrono::milliseconds;

constexpr ConnectionLimits kLimits{.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20};
constexpr io::Deadline kStart{std::chrono::seconds(1)};
constexpr milliseconds kTimeout{100};

class ClientDeadlinesTest : public testing::Test {
 protected:
  ClientDeadlinesTest() { clients_.set_timeout(Phase::kReading, kTimeout); }

  Client* Add(Phase phase, io::Deadline now) {
    return clients_.Add(phase, now, io::UniqueFd(), host_, kLimits, static_cast<Mailbox*>(nullptr));
  }
  std::vector<Client*> Expired(Phase phase, io::Deadline now) {
    std::vector<Client*> expired;
    clients_.VisitExpired(phase, now, [&](Client* client) { expired.push_back(client); });
    return expired;
  }

  test::MemoryEngine engine_;
  ServerState state_{engine_};
  ServerHost host_{state_};
  ClientDeadlines clients_;
};

TEST_F(ClientDeadlinesTest, AClientExpiresAtItsTimeout) {
  Client* const client = Add(Phase::kReading, kStart);
  EXPECT_EQ(clients_.Next(), kStart + kTimeout);
  EXPECT_TRUE(Expired(Phase::kReading, kStart + kTimeout - milliseconds(1)).empty());
  EXPECT_EQ(Expired(Phase::kReading, kStart + kTimeout), std::vector{client});
}

TEST_F(ClientDeadlinesTest, APhaseWithoutATimeoutNeverExpires) {
  Add(Phase::kSending, kStart);
  EXPECT_EQ(clients_.Next(), std::nullopt);
  EXPECT_TRUE(Expired(Phase::kSending, kStart + std::chrono::hours(1)).empty());
}

TEST_F(ClientDeadlinesTest, ARestartPutsTheClientLast) {
  Client* const first = Add(Phase::kReading, kStart);
  Client* const second = Add(Phase::kReading, kStart + milliseconds(1));
  clients_.Restart(Phase::kReading, kStart + milliseconds(2), first);
  EXPECT_EQ(clients_.Next(), kStart + milliseconds(1) + kTimeout);
  EXPECT_EQ(Expired(Phase::kReading, kStart + kTimeout + milliseconds(2)), (std::vector{second, first}));
}

TEST_F(ClientDeadlinesTest, AClientIsInTheListOfItsPhaseOnly) {
  Client* const client = Add(Phase::kReading, kStart);
  clients_.set_timeout(Phase::kSending, 2 * kTimeout);
  clients_.Restart(Phase::kSending, kStart, client);
  EXPECT_FALSE(clients_.has(Phase::kReading));
  EXPECT_TRUE(clients_.has(Phase::kSending));
  EXPECT_EQ(client->phase, Phase::kSending);
  EXPECT_EQ(clients_.Next(), kStart + 2 * kTimeout);
}

TEST_F(ClientDeadlinesTest, AVisitMayRemoveOrRestartItsClient) {
  Add(Phase::kReading, kStart);
  Client* const restarted = Add(Phase::kReading, kStart);
  Add(Phase::kReading, kStart);
  int visits = 0;
  clients_.VisitExpired(Phase::kReading, kStart + kTimeout, [&](Client* client) {
    ++visits;
    if (client == restarted) {
      clients_.Restart(Phase::kReading, kStart + kTimeout, client);
    } else {
      clients_.Remove(client);
    }
  });
  EXPECT_EQ(visits, 3);
  EXPECT_FALSE(clients_.is_empty());
  clients_.Visit(Phase::kReading, [&](Client* client) { clients_.Remove(client); });
  EXPECT_TRUE(clients_.is_empty());
}

}  // namespace
}  // namespace kvs::server
