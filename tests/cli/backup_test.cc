// Promised by kvs-backup: it backs up a store while its server answers clients, or one that nobody has open. What it
// restores is what was there. Damage, a refusal and a wrong command line each have an exit code and words. A server
// that is killed during a backup leaves the last one good. The tests run the real programs.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/programs.h"
#include "kvs/address.h"
#include "kvs/kv_store.h"
#include "support/comes_true.h"
#include "support/resp_client.h"

namespace kvs::test {
namespace {

namespace fs = std::filesystem;

using testing::AllOf;
using testing::HasSubstr;

Outcome RunBackup(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), KVS_BACKUP_PROGRAM);
  return RunProgram(std::move(arguments));
}

// The part of `text` that follows `words`, up to the next comma or end of a line.
std::string After(const std::string& text, const std::string& words) {
  const std::size_t begin = text.find(words);
  if (begin == std::string::npos) return "";
  const std::size_t from = begin + words.size();
  return text.substr(from, text.find_first_of(",\n", from) - from);
}

class BackupProgramTest : public testing::Test {
 protected:
  std::vector<std::string> Arguments() const { return {"--backup-dir", backups_}; }
  Outcome Create(const ServerProgram& server, std::vector<std::string> more = {}) const {
    std::vector<std::string> all = {"create", "--addr", server.address(), backups_};
    all.insert(all.end(), more.begin(), more.end());
    return RunBackup(std::move(all));
  }
  static std::string Call(const ServerProgram& server, const std::vector<std::string>& words) {
    RespClient client(*Address::Parse(server.address()));
    return client.Call(words);
  }
  // The value of a key in a directory, by the way of a user.
  static std::string Stored(const fs::path& directory, const std::string& key) {
    const auto store = KvStore::Open(directory);
    if (!store) return store.error().ToString();
    return (*store)->Get(key)->value_or("(none)");
  }

  TemporaryDirectory directory_;
  TemporaryDirectory place_;
  const std::string backups_ = (place_.path() / "backups").string();
  const std::string restored_ = (place_.path() / "restored").string();
};

TEST_F(BackupProgramTest, ARunningServerIsBackedUpAndRestored) {
  ServerProgram server(directory_.path(), Arguments());
  KVS_START_OR_FAIL(server);
  server.Client({"set", "greeting", "hello"});
  const Outcome first = Create(server);
  ASSERT_EQ(first.exit_code, 0) << first.error_output;
  EXPECT_THAT(first.output, AllOf(HasSubstr(backups_ + "/000001 made: sequence 1, "), HasSubstr("root ")));
  server.Client({"set", "greeting", "good evening"});
  ASSERT_EQ(Create(server).exit_code, 0);

  EXPECT_EQ(RunBackup({"verify", backups_}).exit_code, 0);
  EXPECT_THAT(RunBackup({"list", backups_}).output, HasSubstr(After(first.output, "root ")));
  const Outcome restored = RunBackup({"restore", backups_, restored_, "--at", "1"});
  ASSERT_EQ(restored.exit_code, 0) << restored.error_output;
  EXPECT_EQ(Stored(restored_, "greeting"), "hello");
  EXPECT_EQ(server.StopBy(SIGTERM), 0);
}

TEST_F(BackupProgramTest, AStoreThatNobodyHasOpenIsBackedUp) {
  EXPECT_TRUE((*KvStore::Open(directory_.path()))->Set("greeting", "hello"));
  ASSERT_EQ(RunBackup({"create", "--dir", directory_.path().string(), backups_}).exit_code, 0);
  ASSERT_EQ(RunBackup({"restore", backups_, restored_}).exit_code, 0);
  EXPECT_EQ(Stored(restored_, "greeting"), "hello");
}

TEST_F(BackupProgramTest, ADirectoryWithoutAStoreIsRefusedAndStaysEmpty) {
  const Outcome refused = RunBackup({"create", "--dir", directory_.path().string(), backups_});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.error_output, HasSubstr("no store"));
  EXPECT_TRUE(fs::is_empty(directory_.path()));
}

TEST_F(BackupProgramTest, DamageExitsWithOneAndNamesTheFile) {
  EXPECT_TRUE((*KvStore::Open(directory_.path()))->Set("greeting", "hello"));
  for (int i = 0; i < 2; ++i) RunBackup({"create", "--dir", directory_.path().string(), backups_});
  std::ofstream(backups_ + "/000001/MANIFEST", std::ios::app) << "?";
  const Outcome verified = RunBackup({"verify", backups_});
  EXPECT_EQ(verified.exit_code, 1);
  EXPECT_THAT(verified.error_output, HasSubstr("000001/MANIFEST is not what was backed up"));
  EXPECT_THAT(verified.output, HasSubstr("000002 is whole"));
  EXPECT_EQ(RunBackup({"verify", backups_ + "/000002"}).exit_code, 0);
}

TEST_F(BackupProgramTest, Sha256sumChecksABackupToo) {
  EXPECT_TRUE((*KvStore::Open(directory_.path()))->Set("greeting", "hello"));
  ASSERT_EQ(RunBackup({"create", "--dir", directory_.path().string(), backups_}).exit_code, 0);
  const std::string check = "cd " + backups_ + "/000001 && sha256sum --strict -c BACKUP";
  EXPECT_EQ(RunProgram({"/bin/sh", "-c", check}).exit_code, 0);
}

TEST_F(BackupProgramTest, DiffTellsByItsExitCode) {
  const auto set = [&](const std::string& value) {
    EXPECT_TRUE((*KvStore::Open(directory_.path()))->Set("greeting", value));
    EXPECT_EQ(RunBackup({"create", "--dir", directory_.path().string(), backups_}).exit_code, 0);
  };
  set("hello");
  set("good evening");
  EXPECT_EQ(RunBackup({"diff", backups_ + "/000001", backups_ + "/000001"}).exit_code, 0);
  const Outcome changed = RunBackup({"diff", backups_ + "/000001", backups_ + "/000002"});
  EXPECT_EQ(changed.exit_code, 1);
  EXPECT_THAT(changed.output, HasSubstr("- MANIFEST\n"));
}

TEST_F(BackupProgramTest, PruneKeepsTheNewest) {
  EXPECT_TRUE((*KvStore::Open(directory_.path()))->Set("greeting", "hello"));
  for (int i = 0; i < 3; ++i) RunBackup({"create", "--dir", directory_.path().string(), backups_});
  EXPECT_EQ(RunBackup({"prune", backups_, "--keep", "1"}).output, "2 removed\n");
  EXPECT_FALSE(fs::exists(backups_ + "/000002"));
  EXPECT_TRUE(fs::exists(backups_ + "/000003"));
}

TEST_F(BackupProgramTest, AServerMakesBackupsOnlyWhereItsOperatorAllows) {
  ServerProgram none(directory_.path());
  KVS_START_OR_FAIL(none);
  EXPECT_THAT(Create(none).error_output, HasSubstr("start the server with --backup-dir"));
  EXPECT_EQ(none.StopBy(SIGTERM), 0);

  ServerProgram server(directory_.path(), Arguments());
  KVS_START_OR_FAIL(server);
  const std::string elsewhere = (place_.path() / "elsewhere").string();
  for (const std::string& to : {elsewhere, backups_ + "/../elsewhere", backups_ + "-other"}) {
    const Outcome refused = RunBackup({"create", "--addr", server.address(), to});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.error_output, HasSubstr("backups go to " + backups_)) << to;
  }
  EXPECT_FALSE(fs::exists(elsewhere));
  EXPECT_EQ(RunBackup({"create", "--addr", server.address(), backups_ + "/below"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(backups_ + "/below/000001/BACKUP"));
  EXPECT_EQ(server.StopBy(SIGTERM), 0);
}

TEST_F(BackupProgramTest, APasswordComesFromTheEnvironment) {
  std::vector<std::string> arguments = Arguments();
  arguments.insert(arguments.end(), {"--requirepass", "secret"});
  ServerProgram server(directory_.path(), arguments);
  KVS_START_OR_FAIL(server);
  EXPECT_THAT(Create(server).error_output, HasSubstr("NOAUTH"));
  const std::vector<std::string> with = {
      "/usr/bin/env", "KVS_PASSWORD=secret", KVS_BACKUP_PROGRAM, "create", "--addr", server.address(), backups_};
  EXPECT_EQ(RunProgram(with).exit_code, 0);
  EXPECT_EQ(server.StopBy(SIGTERM), 0);
}

TEST_F(BackupProgramTest, BgsaveMakesABackupWhereAPlaceIsSet) {
  ServerProgram server(directory_.path(), Arguments());
  KVS_START_OR_FAIL(server);
  server.Client({"set", "greeting", "hello"});
  EXPECT_EQ(Call(server, {"BGSAVE"}), "+Background saving started\r\n");
  std::string status;
  ASSERT_TRUE(ComesTrue([&] {
    status = Call(server, {"KVS.BACKUP", "STATUS"});
    return status.find("done\r\n") != std::string::npos;
  }));
  EXPECT_THAT(status, HasSubstr(backups_ + "/000001"));
  EXPECT_THAT(Call(server, {"INFO", "persistence"}), HasSubstr("rdb_last_bgsave_status:ok"));
  EXPECT_EQ(server.StopBy(SIGTERM), 0);
  EXPECT_EQ(RunBackup({"verify", backups_}).exit_code, 0);
}

// At 1 MB a second the backup takes seconds: the server is killed in the middle of it.
TEST_F(BackupProgramTest, AKilledServerLeavesTheLastBackupGood) {
  {
    ServerProgram server(directory_.path(), Arguments());
    KVS_START_OR_FAIL(server);
    server.Client({"set", "greeting", "hello"});
    ASSERT_EQ(Create(server).exit_code, 0);
    RespClient client(*Address::Parse(server.address()));
    for (int i = 0; i < 80; ++i) client.Call({"SET", std::to_string(i), std::string(100'000, 'x')});
    EXPECT_EQ(client.Call({"KVS.BACKUP", "CREATE", backups_, "1000000"}), "+Backup started\r\n");
    ASSERT_TRUE(ComesTrue([&] { return fs::exists(backups_ + "/000002.partial"); }));
    EXPECT_EQ(server.StopBy(SIGKILL), 128 + SIGKILL);
  }
  EXPECT_TRUE(fs::exists(backups_ + "/000002.partial"));
  EXPECT_EQ(RunBackup({"verify", backups_}).exit_code, 0);

  ServerProgram server(directory_.path(), Arguments());
  KVS_START_OR_FAIL(server);
  EXPECT_THAT(Create(server).output, HasSubstr("/000002 made"));
  EXPECT_FALSE(fs::exists(backups_ + "/000002.partial"));
  EXPECT_EQ(server.StopBy(SIGTERM), 0);
  ASSERT_EQ(RunBackup({"restore", backups_, restored_}).exit_code, 0);
  EXPECT_EQ(Stored(restored_, "79"), std::string(100'000, 'x'));
}

TEST_F(BackupProgramTest, AServerThatStopsEndsItsBackup) {
  ServerProgram server(directory_.path(), Arguments());
  KVS_START_OR_FAIL(server);
  RespClient client(*Address::Parse(server.address()));
  for (int i = 0; i < 40; ++i) client.Call({"SET", std::to_string(i), std::string(100'000, 'x')});
  client.Call({"KVS.BACKUP", "CREATE", backups_, "1"});
  ASSERT_TRUE(ComesTrue([&] { return fs::exists(backups_ + "/000001.partial"); }));
  EXPECT_EQ(server.StopBy(SIGTERM), 0);
  EXPECT_FALSE(fs::exists(backups_ + "/000001.partial"));
}

TEST_F(BackupProgramTest, AWrongCommandLineExitsWithTwo) {
  EXPECT_EQ(RunBackup({}).exit_code, 2);
  EXPECT_EQ(RunBackup({"create"}).exit_code, 2);
  EXPECT_EQ(RunBackup({"create", "--addr", "nowhere", backups_}).exit_code, 2);
  EXPECT_EQ(RunBackup({"create", "--addr", "127.0.0.1:4000", "--dir", "data", backups_}).exit_code, 2);
  EXPECT_EQ(RunBackup({"prune", backups_}).exit_code, 2);
  EXPECT_EQ(RunBackup({"restore", backups_, restored_, "--at", "soon"}).exit_code, 2);
  EXPECT_EQ(RunBackup({"--help"}).exit_code, 0);
  EXPECT_THAT(RunBackup({"--version"}).output, HasSubstr("kvs-backup "));
}

TEST_F(BackupProgramTest, AnAbsentServerOrDirectoryIsAnErrorWithItsName) {
  EXPECT_EQ(RunBackup({"create", "--addr", "127.0.0.1:1", backups_}).exit_code, 1);
  EXPECT_THAT(RunBackup({"list", backups_}).error_output, HasSubstr(backups_));
  EXPECT_THAT(RunBackup({"verify", place_.path().string()}).error_output, HasSubstr("holds no backup"));
  EXPECT_THAT(RunBackup({"restore", place_.path().string(), restored_}).error_output, HasSubstr("holds no backup"));
}

}  // namespace
}  // namespace kvs::test
