// Promised: each field of INFO is measured. The tests cause the counted events by commands, errors and failures of the
// engine, and read the fields.
#include "commands/administration/info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/decimal.h"
#include "net/connection.h"
#include "support/frame_client.h"
#include "support/memory_engine.h"
#include "support/resp_client.h"
#include "support/sanitizers.h"
#include "support/served_connection.h"

namespace kvs::server {
namespace {

using test::RespCommand;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr ConnectionLimits kLimits{.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20};

// Refuses writes while there is a fault.
class FailingEngine final : public test::MemoryEngine {
 public:
  Status Set(std::string_view key, std::string_view value) override {
    if (fault) return *fault;
    ++written_bytes_;
    return MemoryEngine::Set(key, value);
  }
  Result<EngineStats> Stats() override {
    Result<EngineStats> stats = MemoryEngine::Stats();
    if (!stats) return stats;
    stats->written_bytes = written_bytes_;
    stats->expiring = expiring;
    stats->clock_steps = clock_steps;
    return stats;
  }

  std::optional<Error> fault{};
  std::uint64_t expiring = 0;
  std::uint64_t clock_steps = 0;

 private:
  std::uint64_t written_bytes_ = 0;
};

class InfoTest : public testing::Test {
 protected:
  std::string Call(const std::vector<std::string>& words) {
    connection_.Receive(RespCommand(words));
    std::string reply(connection_.output());
    connection_.Sent(reply.size());
    return reply;
  }
  // The value of the name; "(absent)" if it does not.
  std::string Field(const std::string& name, const std::string& section = "everything") {
    const std::string text = Call({"INFO", section});
    const std::size_t at = text.find("\r\n" + name + ":");
    if (at == std::string::npos) return "(absent)";
    const std::size_t begin = at + name.size() + 3;
    return text.substr(begin, text.find("\r\n", begin) - begin);
  }
  std::int64_t Number(const std::string& name) { return base::ParseDecimal(Field(name)).value_or(-1); }

  FailingEngine engine_;
  ServerState state_{engine_};
  test::ServedConnection connection_{state_, kLimits};
};

TEST_F(InfoTest, CommandsAreCountedByTheirEnd) {
  Call({"SET", "a", "1"});
  connection_.Receive(RespCommand({"GET", "a"}) + RespCommand({"GET", "b"}) + RespCommand({"get", "a"}));
  connection_.Sent(connection_.output().size());
  Call({"GET"});
  Call({"SET", "text", "x"});
  Call({"INCR", "text"});
  Call({"CONFIG", "GET", "port"});
  EXPECT_THAT(Field("cmdstat_get"),
              MatchesRegex("calls=3,usec=[0-9]+,usec_per_call=[0-9]+[.][0-9][0-9],rejected_calls=1,failed_calls=0"));
  EXPECT_THAT(Field("cmdstat_incr"), MatchesRegex("calls=1,.*,rejected_calls=0,failed_calls=1"));
  EXPECT_THAT(Field("cmdstat_config|get"), MatchesRegex("calls=1,.*"));
  EXPECT_EQ(Field("cmdstat_del"), "(absent)");
  EXPECT_THAT(Field("latency_percentiles_usec_get"), MatchesRegex("p50=[0-9.]+,p99=[0-9.]+,p99.9=[0-9.]+"));
  Call({"CONFIG", "RESETSTAT"});
  EXPECT_EQ(Field("cmdstat_get"), "(absent)");
  EXPECT_EQ(Field("latency_percentiles_usec_get"), "(absent)");
}

TEST_F(InfoTest, CommandsInsideExecAreCounted) {
  Call({"MULTI"});
  Call({"SET", "text", "x"});
  Call({"INCR", "text"});
  Call({"EXEC"});
  EXPECT_THAT(Field("cmdstat_exec"), MatchesRegex("calls=1,.*,failed_calls=0"));
  EXPECT_THAT(Field("cmdstat_incr"), MatchesRegex("calls=1,.*,failed_calls=1"));
}

TEST_F(InfoTest, ErrorsAreCountedByTheirFirstWord) {
  Call({"GET"});
  Call({"nosuch"});
  Call({"EXEC"});
  Call({"MULTI"});
  Call({"GET"});
  Call({"EXEC"});
  EXPECT_EQ(Field("errorstat_ERR"), "count=4");
  EXPECT_EQ(Field("errorstat_EXECABORT"), "count=1");
  EXPECT_EQ(Number("total_error_replies"), 5);
  Call({"CONFIG", "RESETSTAT"});
  EXPECT_EQ(Field("errorstat_ERR"), "(absent)");
}

TEST_F(InfoTest, SectionsComeAsRedisHasThem) {
  EXPECT_THAT(Call({"INFO"}), Not(HasSubstr("# Commandstats")));
  EXPECT_THAT(Call({"INFO"}), HasSubstr("# Errorstats"));
  EXPECT_THAT(Call({"INFO", "all"}), HasSubstr("# Commandstats"));
  EXPECT_THAT(Call({"INFO", "everything"}), HasSubstr("# Latencystats"));
  EXPECT_THAT(Call({"INFO", "latencystats"}), Not(HasSubstr("# Server")));
  EXPECT_THAT(Call({"INFO", "default"}), Not(HasSubstr("# Latencystats")));
}

TEST_F(InfoTest, TheKeyspaceCountsPairsWithAnExpiry) {
  EXPECT_EQ(Field("db0"), "(absent)");
  Call({"SET", "a", "1"});
  engine_.expiring = 7;
  engine_.clock_steps = 3;
  EXPECT_EQ(Field("db0"), "keys=1,expires=7");
  EXPECT_EQ(Field("clock_steps"), "3");
}

TEST_F(InfoTest, TheStateOfTheStoreIsReported) {
  Call({"SET", "k", "v"});
  EXPECT_EQ(Field("aof_last_write_status"), "ok");
  EXPECT_EQ(Field("kvs_store_state"), "ok");
  engine_.fault = Error{.code = ErrorCode::kNoSpace, .context = "pwrite 7.seg"};
  Call({"SET", "k", "v"});
  EXPECT_EQ(Field("aof_last_write_status"), "err");
  EXPECT_EQ(Field("kvs_store_state"), "full");
  EXPECT_THAT(Field("kvs_store_error"), HasSubstr("pwrite 7.seg"));
  engine_.fault.reset();
  Call({"SET", "k", "v"});
  EXPECT_EQ(Field("aof_last_write_status"), "ok");
  engine_.fault = Error{.code = ErrorCode::kPoisoned, .context = "fdatasync\r\nforged:1"};
  Call({"SET", "k", "v"});
  EXPECT_EQ(Field("kvs_store_state"), "poisoned");
  EXPECT_EQ(Field("forged"), "(absent)");
}

TEST_F(InfoTest, ABadRequestIsNoFaultOfTheStore) {
  Call({"SET", std::string(70'000, 'k'), "v"});
  EXPECT_EQ(Field("aof_last_write_status"), "ok");
}

TEST_F(InfoTest, MemoryIsThatOfTheProcess) {
  KVS_SKIP_UNDER_SANITIZERS();  // They allocate, and tell no figures.
  const std::int64_t before = Number("used_memory");
  EXPECT_GT(before, 0);
  const std::vector<char> held(32 << 20, 'x');
  const volatile char* const bytes = held.data();  // clang leaves out memory that nothing reads.
  EXPECT_GE(Number("used_memory"), before + (32 << 20));
  EXPECT_GE(Number("used_memory_peak"), before + (32 << 20));
  EXPECT_GE(Number("used_memory_rss"), 32 << 20);
  EXPECT_GT(Number("total_system_memory"), Number("used_memory_rss"));
  EXPECT_EQ(bytes[held.size() - 1], 'x');
}

TEST_F(InfoTest, FieldsThatNothingMeasuresAreLeftOut) {
  for (const char* name : {"rdb_changes_since_last_save", "hz", "config_file", "latest_fork_usec", "sync_full",
                           "master_replid", "aof_rewrite_scheduled"}) {
    EXPECT_EQ(Field(name), "(absent)") << name;
  }
}

TEST_F(InfoTest, NativeFramesAreCommandsToo) {
  test::ServedConnection native(state_, kLimits);
  native.Receive(test::SetFrame(1, "a", "1") + test::GetFrame(2, "a") + test::GetFrame(3, "b"));
  EXPECT_THAT(Field("cmdstat_get"), MatchesRegex("calls=2,.*"));
  EXPECT_THAT(Field("cmdstat_set"), MatchesRegex("calls=1,.*"));
  EXPECT_EQ(Number("keyspace_hits"), 1);
  EXPECT_EQ(Number("keyspace_misses"), 1);
}

}  // namespace
}  // namespace kvs::server
