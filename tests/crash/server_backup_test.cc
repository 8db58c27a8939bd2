// Promised: a backup that a server made under a load of sets is the store at one moment, value by value. It is the
// moment of the sequence that the backup names. It stays good when the server is killed in the middle of the next one.
// The killed server comes back with every answered set.
//
// Attack: one client overwrites keys at random, with many sets under way, while kvs-backup makes a backup. During the
// next one the server is killed. All values of the restored backup, and of the restarted server, are compared with the
// sets that were sent: each has the next sequence, so a sequence tells which of them the store has.
//
// Size: KVS_BACKUP_KEYS keys, 50,000 unless told. Replay: KVS_TEST_SEED chooses the keys; the moments depend on the
// machine.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/decimal.h"
#include "base/random.h"
#include "cli/programs.h"
#include "crash/crash_test.h"
#include "kvs/address.h"
#include "kvs/kv_store.h"
#include "support/comes_true.h"
#include "support/resp_client.h"
#include "support/test_seed.h"

namespace kvs::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPipeline = 64;
constexpr std::uint64_t kValueBytes = 100;
constexpr std::uint64_t kBackupBytesPerSecond = 1'000'000;  // Of the backup that is interrupted.
constexpr std::string_view kSequence = "sequence ";         // In the words of kvs-backup.

// The sets that a client sends, numbered from 1: first each key once, then keys at random. The value of a key is the
// number of its last set.
class Sets {
 public:
  Sets(std::uint64_t keys, std::uint64_t seed) : keys_(keys), random_(seed) {}

  std::string Next() {
    const std::uint64_t key = chosen_.size() < keys_ ? chosen_.size() : random_.Below(keys_);
    chosen_.push_back(static_cast<std::uint32_t>(key));
    return RespCommand({"SET", KeyAt(key), ValueAt(chosen_.size())});
  }
  std::uint64_t sent() const { return chosen_.size(); }

  // For each key the number of its last set among the first `count`.
  std::vector<std::uint64_t> LastAmong(std::uint64_t count) const {
    std::vector<std::uint64_t> last(keys_);
    for (std::uint64_t i = 0; i < count; ++i) last[chosen_[i]] = i + 1;
    return last;
  }

  static std::string KeyAt(std::uint64_t key) { return "key:" + std::to_string(key); }
  static std::string ValueAt(std::uint64_t number) {
    std::string value = std::to_string(number) + ":";
    value.resize(kValueBytes, 'v');
    return value;
  }

 private:
  const std::uint64_t keys_;
  base::Random random_;
  std::vector<std::uint32_t> chosen_;
};

// Sends sets until `has_enough` or until the server is gone. Returns how many were answered.
template <class Enough>
std::uint64_t Send(RespClient& client, Sets& sets, const Enough& has_enough) {
  std::uint64_t answered = sets.sent();
  while (!has_enough()) {
    std::string requests;
    for (std::size_t i = 0; i < kPipeline; ++i) requests += sets.Next();
    if (!client.TrySend(requests)) return answered;
    for (std::size_t i = 0; i < kPipeline; ++i) {
      const auto reply = client.TryReceive();
      if (!reply) return answered;
      EXPECT_EQ(*reply, "+OK\r\n");
      ++answered;
    }
  }
  return answered;
}

// How many keys have another value in the store than after the first `count` sets.
std::uint64_t Differences(KvStore& store, const Sets& sets, std::uint64_t count) {
  const std::vector<std::uint64_t> last = sets.LastAmong(count);
  std::uint64_t differences = 0;
  for (std::uint64_t key = 0; key < last.size(); ++key) {
    const auto value = store.Get(Sets::KeyAt(key));
    if (!value || *value != Sets::ValueAt(last[key])) ++differences;
  }
  return differences;
}

// The number that `text` begins with.
std::uint64_t NumberIn(std::string_view text) {
  const auto number = base::ParseDecimal(text.substr(0, text.find_first_not_of("0123456789")));
  return static_cast<std::uint64_t>(number.value_or(0));
}

// The highest number of a set that the store has.
std::uint64_t NewestIn(KvStore& store) {
  std::uint64_t newest = 0;
  EXPECT_TRUE(store.Scan({}, [&](std::string_view, std::string_view value) {
    newest = std::max(newest, NumberIn(value));
    return true;
  }));
  return newest;
}

TEST(ServerBackupTest, ABackupUnderLoadIsTheStoreAtItsSequence) {
  const std::uint64_t seed = TestSeed(1);
  SCOPED_TRACE(SeedTrace(seed));
  const std::uint64_t keys = NumberFromEnvironment("KVS_BACKUP_KEYS", 50'000);
  const TemporaryDirectory directory;
  const TemporaryDirectory place;
  const std::string backups = (place.path() / "backups").string();
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), KVS_BACKUP_PROGRAM);
    return RunProgram(std::move(words));
  };
  Sets sets(keys, seed);
  std::uint64_t answered = 0;
  std::string made;
  {
    ServerProgram server(directory.path(), {"--backup-dir", backups});
    KVS_START_OR_FAIL(server);
    RespClient client(*Address::Parse(server.address()));
    Send(client, sets, [&] { return sets.sent() >= keys; });

    std::thread load([&] { answered = Send(client, sets, [] { return false; }); });
    const Outcome backup = run({"create", "--addr", server.address(), backups});
    made = backup.output;
    EXPECT_EQ(backup.exit_code, 0) << backup.error_output;
    RespClient other(*Address::Parse(server.address()));
    EXPECT_EQ(other.Call({"KVS.BACKUP", "CREATE", backups, std::to_string(kBackupBytesPerSecond)}),
              "+Backup started\r\n");
    EXPECT_TRUE(test::ComesTrue([&] { return fs::exists(backups + "/000002.partial"); }));
    EXPECT_EQ(server.StopBy(SIGKILL), 128 + SIGKILL);
    load.join();
  }
  EXPECT_TRUE(fs::exists(backups + "/000002.partial"));
  EXPECT_EQ(run({"verify", backups}).exit_code, 0);
  const std::string restored = (place.path() / "restored").string();
  ASSERT_EQ(run({"restore", backups, restored}).exit_code, 0);

  const std::uint64_t sequence = NumberIn(made.substr(made.find(kSequence) + kSequence.size()));
  EXPECT_GT(sequence, keys) << made;
  EXPECT_LE(sequence, sets.sent()) << made;
  const auto backed_up = KvStore::Open(restored);
  ASSERT_TRUE(backed_up) << backed_up.error().ToString();
  EXPECT_EQ(Differences(**backed_up, sets, sequence), 0U) << made;
  EXPECT_EQ(Differences(**backed_up, sets, sequence - 1), 1U) << "the comparison sees one set";

  const auto store = KvStore::Open(directory.path());
  ASSERT_TRUE(store) << store.error().ToString();
  const std::uint64_t last = NewestIn(**store);
  EXPECT_GE(last, answered);
  EXPECT_EQ(Differences(**store, sets, last), 0U) << answered << " answered, " << sets.sent() << " sent";
}

}  // namespace
}  // namespace kvs::test
