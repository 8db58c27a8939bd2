// Promised: WithoutSecrets() shows no password, in any form of the commands that carry one, and shows all other
// arguments.
#include "commands/table/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "commands/table/command_table.h"

namespace kvs::server {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Shown(const std::vector<std::string_view>& arguments) {
  const CommandSpec* spec = Commands().Find(arguments[0]);
  if (!spec->subcommands.empty()) spec = CommandTable::FindSubcommand(*spec, arguments[1]);
  std::string shown;
  for (const std::string_view word : WithoutSecrets(*spec, arguments))
    shown += (shown.empty() ? "" : " ") + std::string(word);
  return shown;
}

TEST(SecretsTest, NoFormOfACommandShowsAPassword) {
  for (const std::vector<std::string_view>& arguments : std::vector<std::vector<std::string_view>>{
           {"AUTH", "secret"},
           {"auth", "default", "secret"},
           {"AUTH", "default", "extra", "secret"},
           {"HELLO", "3", "AUTH", "default", "secret"},
           {"HELLO", "3", "SETNAME", "auth", "AUTH", "default", "secret"},
           {"HELLO", "3", "auth", "default", "wrong", "Auth", "default", "secret"},
           {"HELLO", "3", "AUTH", "secret"},
           {"HELLO", "3", "SETNAME", "n", "secret"},
           {"HELLO", "AUTH", "default", "secret"},
           {"HELLO", "secret"},
           {"HELLO", "3", "AUTHX", "default", "secret"},
           {"CONFIG", "SET", "requirepass", "secret"},
           {"config", "set", "RequirePass", "secret"},
           {"CONFIG", "SET", "timeout", "1", "requirepass", "secret", "masterauth", "secret"},
           {"CONFIG", "SET", "timeout", "requirepass", "secret"},
           {"CONFIG", "SET", "requirepas", "secret"},
           {"CONFIG", "SET", "tls-key-file-pass", "secret"}}) {
    EXPECT_THAT(Shown(arguments), Not(HasSubstr("secret"))) << arguments[0] << " " << arguments[1];
  }
}

TEST(SecretsTest, OtherArgumentsAreShown) {
  EXPECT_EQ(Shown({"HELLO", "3", "AUTH", "u", "p", "SETNAME", "me"}), "HELLO 3 AUTH (redacted) (redacted) SETNAME me");
  EXPECT_EQ(Shown({"HELLO", "3", "SETNAME", "auth"}), "HELLO 3 SETNAME auth");
  EXPECT_EQ(Shown({"CONFIG", "SET", "timeout", "1", "requirepass", "p", "maxclients", "9"}),
            "CONFIG SET timeout 1 requirepass (redacted) maxclients 9");
  EXPECT_EQ(Shown({"SET", "auth", "value"}), "SET auth value");
}

}  // namespace
}  // namespace kvs::server
