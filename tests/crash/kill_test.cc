// Promised: an acknowledged write survives the death of the process at any moment, at every sync policy. A batch
// survives whole or not at all, and a removed key stays removed.
//
// Attack: a real process writes with two threads to a small store that compacts all the time. It is killed with
// SIGKILL after a random number of acknowledgements, or a random time after its start, while it still recovers from
// the kill before. Then the store is opened and compared with the writes that the process had reported. It must hold
// all of them, and at most one more write of each thread, the one under way.
//
// Replay: KVS_TEST_SEED gives the same writes and the same plan of kills; the moments depend on the machine.
// KVS_CRASH_ROUNDS multiplies the number of kills.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"
#include "crash/crash_test.h"
#include "crash/killed_writes.h"
#include "support/tally.h"

namespace kvs::test {
namespace {

constexpr std::uint64_t kKills = 250;  // Of each policy, in one round.

constexpr int kPatienceMs = 60'000;

using Counts = std::array<std::uint64_t, kKilledThreads>;

// A running killed_writer and the end of the pipe that it reports to.
class Victim {
 public:
  explicit Victim(std::vector<std::string> arguments) {
    int ends[2];
    KVS_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    KVS_CHECK(::posix_spawn(&pid_, pointers[0], &actions, nullptr, pointers.data(), environ) == 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    reports_ = ends[0];
  }
  ~Victim() { ::close(reports_); }

  // Notes reports in `counts` until there were `reports_max`, or nothing came for `patience_ms`, or the pipe ended.
  // Returns how many there were.
  std::uint64_t Listen(std::uint64_t reports_max, int patience_ms, Counts* counts) {
    std::uint64_t reports = 0;
    while (reports < reports_max) {
      pollfd polled{reports_, POLLIN, 0};
      const int ready = ::poll(&polled, 1, patience_ms);
      if (ready < 0 && errno == EINTR) continue;
      std::uint64_t report = 0;
      if (ready == 0 || ::read(reports_, &report, sizeof report) != sizeof report) break;
      (*counts)[report >> 56] = report & ((std::uint64_t{1} << 56) - 1);
      ++reports;
    }
    return reports;
  }

  // Returns whether it was still alive.
  bool Kill() {
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0) KVS_CHECK(errno == EINTR);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

 private:
  pid_t pid_ = -1;
  int reports_ = -1;
};

class Kill : public testing::TestWithParam<const char*> {
 protected:
  // Starts the writer, kills it, and notes the writes that it had reported.
  void KillOnce(const std::filesystem::path& directory, std::uint64_t seed, base::Random* random) {
    std::vector<std::string> arguments = {KVS_KILLED_WRITER, directory.string(), GetParam(), std::to_string(seed)};
    for (const std::uint64_t count : acknowledged_) arguments.push_back(std::to_string(count + 1));
    Victim victim(std::move(arguments));
    const bool dies_early = random->OneIn(4);
    if (dies_early) {
      victim.Listen(1, static_cast<int>(random->Below(12)), &acknowledged_);
    } else {
      const std::uint64_t reports = 1 + random->Below(random->OneIn(4) ? 3000 : 200);
      EXPECT_EQ(victim.Listen(reports, kPatienceMs, &acknowledged_), reports) << "the writer makes no progress";
    }
    EXPECT_TRUE(victim.Kill()) << "the writer had ended by itself, see its error output";
    victim.Listen(UINT64_MAX, kPatienceMs, &acknowledged_);
  }

  // The contents must be those after the acknowledged writes, or one more of each thread, which counts from then on.
  void Check(const std::filesystem::path& directory, std::uint64_t seed) {
    auto store = store::Store::Open(io::PosixFileSystem(), directory, SmallStore(SyncPolicy::kNone));
    ASSERT_TRUE(store) << store.error().ToString();
    const auto found = ReadAll(**store);
    ASSERT_TRUE(found) << found.error().ToString();
    for (unsigned thread = 0; thread < kKilledThreads; ++thread) {
      const auto last = found->find(PrefixOf(thread) + "last");
      const std::uint64_t survived = last == found->end() ? 0 : std::stoull(last->second);
      ASSERT_TRUE(survived == acknowledged_[thread] || survived == acknowledged_[thread] + 1)
          << "thread " << thread << ": " << acknowledged_[thread] << " writes acknowledged, " << survived << " found";
      for (std::uint64_t n = applied_[thread] + 1; n <= survived; ++n) Apply(MakeWrite(seed, thread, n));
      acknowledged_[thread] = applied_[thread] = survived;
    }
    ASSERT_EQ(*found, expected_);
  }

  void Apply(const WriteBatch& batch) {
    for (const WriteBatch::Operation& operation : batch.operations()) {
      if (operation.value) {
        expected_[operation.key] = *operation.value;
      } else {
        expected_.erase(operation.key);
      }
    }
  }

  Counts acknowledged_{};
  Counts applied_{};  // To expected_.
  Contents expected_;
};

TEST_P(Kill, LosesNoAcknowledgedWrite) {
  const std::uint64_t seed = TestSeed();
  base::Random random(seed);
  const ScratchDirectory scratch;
  for (std::uint64_t kill = 1; kill <= kKills * Rounds(); ++kill) {
    KillOnce(scratch.path(), seed, &random);
    if (!HasFailure()) Check(scratch.path(), seed);
    ASSERT_FALSE(HasFailure()) << "KVS_TEST_SEED=" << seed << ", kill " << kill;
  }
  Tally("kills of a writing process", kKills * Rounds());
  EXPECT_GT(acknowledged_[0] + acknowledged_[1], kKills) << "the writer hardly came to write";
}

INSTANTIATE_TEST_SUITE_P(EveryPolicy, Kill, testing::Values("none", "interval", "always"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace kvs::test
