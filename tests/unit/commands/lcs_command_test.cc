// Promised: LCS finds the subsequence and the ranges that Redis finds, which goes back through the table of all lengths
// in a certain order. Random strings are compared with that table. KVS_TEST_SEED replays them.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "net/connection.h"
#include "support/memory_engine.h"
#include "support/resp_client.h"
#include "support/served_connection.h"
#include "support/test_seed.h"

namespace kvs::server {
namespace {

// The subsequence as Redis finds it, and the lengths of its ranges, from the back.
struct Expected {
  std::string common;
  std::vector<std::size_t> ranges;
};

Expected ByTable(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> lengths(a.size() + 1, std::vector<std::size_t>(b.size() + 1, 0));
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      lengths[i][j] = a[i - 1] == b[j - 1] ? lengths[i - 1][j - 1] + 1 : std::max(lengths[i - 1][j], lengths[i][j - 1]);
    }
  }
  Expected expected;
  bool goes_on = false;
  for (std::size_t i = a.size(), j = b.size(); i > 0 && j > 0;) {
    if (a[i - 1] == b[j - 1]) {
      expected.common += a[i - 1];
      if (!goes_on) expected.ranges.push_back(0);
      ++expected.ranges.back();
      goes_on = true;
      --i;
      --j;
    } else {
      goes_on = false;
      if (lengths[i - 1][j] > lengths[i][j - 1]) {
        --i;
      } else {
        --j;
      }
    }
  }
  std::reverse(expected.common.begin(), expected.common.end());
  return expected;
}

class LcsCommandTest : public testing::Test {
 protected:
  std::string Call(const std::vector<std::string>& words) {
    connection_.Receive(test::RespCommand(words));
    std::string reply(connection_.output());
    connection_.Sent(reply.size());
    return reply;
  }

  test::MemoryEngine engine_;
  ServerState state_{engine_};
  test::ServedConnection connection_{state_, {.request_bytes_max = 64 << 20, .output_bytes_max = 64 << 20}};
};

std::string RandomText(std::size_t bytes, std::uint64_t letters, base::Random& random) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>('a' + random.Below(letters));
  return text;
}

TEST_F(LcsCommandTest, ItAgreesWithTheWholeTable) {
  const std::uint64_t seed = test::TestSeed(1);
  SCOPED_TRACE(test::SeedTrace(seed));
  base::Random random(seed);
  for (int round = 0; round < 300; ++round) {
    const std::uint64_t letters = 1 + random.Below(6);
    const std::string a = RandomText(random.Below(200), letters, random);
    const std::string b = RandomText(random.Below(200), letters, random);
    ASSERT_TRUE(engine_.Set("a", a).has_value());
    ASSERT_TRUE(engine_.Set("b", b).has_value());
    const Expected expected = ByTable(a, b);
    ASSERT_EQ(test::RespText(Call({"LCS", "a", "b"})), expected.common) << a << " " << b;
    ASSERT_EQ(Call({"LCS", "a", "b", "LEN"}), ":" + std::to_string(expected.common.size()) + "\r\n");
    const std::vector<std::string> parts = test::RespElements(Call({"LCS", "a", "b", "IDX", "WITHMATCHLEN"}));
    const std::vector<std::string> ranges = test::RespElements(parts.at(1));
    ASSERT_EQ(ranges.size(), expected.ranges.size()) << a << " " << b;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      ASSERT_EQ(test::RespElements(ranges[i]).at(2), ":" + std::to_string(expected.ranges[i]) + "\r\n");
    }
  }
}

// One step for each pair of bytes, and 4 bytes of memory, are too much for this.
TEST_F(LcsCommandTest, LongValuesTakeLittleTime) {
  base::Random random(1);
  ASSERT_TRUE(engine_.Set("a", RandomText(11'000, 4, random)).has_value());
  ASSERT_TRUE(engine_.Set("b", RandomText(11'000, 4, random)).has_value());
  ASSERT_TRUE(engine_.Set("long", std::string().append(50'000'000, 'a')).has_value());
  ASSERT_TRUE(engine_.Set("short", "a").has_value());
  ASSERT_EQ(Call({"LCS", "a", "b"}).front(), '$');
  EXPECT_EQ(Call({"LCS", "long", "short", "LEN"}), ":1\r\n");
  EXPECT_EQ(Call({"LCS", "a", "long", "LEN"}).front(), '-');
}

}  // namespace
}  // namespace kvs::server
