// Promised: a value is read as it was set, and each value can be set to itself. A change of several is all or nothing,
// and settings take effect.
#include "service/server_config.h"

#include <gtest/gtest.h>

#include <string>

namespace kvs::server {
namespace {

const ConfigStart kStart{.ip = "127.0.0.1",
                         .port = 4000,
                         .directory = "/data",
                         .connections_max = 100,
                         .request_bytes_max = 1 << 20,
                         .output_bytes_max = 1 << 20};

std::string ValueOf(const ServerConfig& config, std::string_view name) {
  const auto pairs = config.Get({name});
  return pairs.size() == 1 ? pairs.front().second : "(" + std::to_string(pairs.size()) + " found)";
}

TEST(ServerConfigTest, EveryValueCanBeSetToItselfAndReadsTheSame) {
  ServerConfig config(kStart);
  const auto all = config.Get({"*"});
  EXPECT_GT(all.size(), 40U);
  for (const auto& [name, value] : all) {
    const Status set = config.Set({{name, value}});
    EXPECT_TRUE(set.has_value()) << name << ": " << (set ? "" : set.error().context);
    EXPECT_EQ(ValueOf(config, name), value) << name;
  }
}

TEST(ServerConfigTest, TheOptionsOfTheServerShow) {
  const ServerConfig config(kStart);
  EXPECT_EQ(ValueOf(config, "port"), "4000");
  EXPECT_EQ(ValueOf(config, "dir"), "/data");
  EXPECT_EQ(ValueOf(config, "maxclients"), "100");
  EXPECT_EQ(ValueOf(config, "appendfsync"), "everysec");
  EXPECT_EQ(ValueOf(config, "save"), "");
  EXPECT_EQ(config.Get({"MAXmemory"}).front().first, "MAXmemory");
  EXPECT_EQ(config.Get({"maxmemory", "maxmemor?"}).size(), 1U);
}

TEST(ServerConfigTest, SettingsTakeEffect) {
  ServerConfig config(kStart);
  EXPECT_FALSE(config.has_password());
  ASSERT_TRUE(config.Set({{"requirepass", "secret"}, {"MaxClients", "7"}, {"timeout", "3"}}).has_value());
  EXPECT_TRUE(config.has_password());
  EXPECT_TRUE(config.IsPassword("secret"));
  for (const char* guess : {"", "s", "secre", "secrets", "Secret"}) EXPECT_FALSE(config.IsPassword(guess)) << guess;
  EXPECT_EQ(config.connections_max(), 7U);
  EXPECT_EQ(config.idle_timeout(), std::chrono::seconds(3));
  ASSERT_TRUE(config.Set({{"requirepass", ""}}).has_value());
  EXPECT_FALSE(config.has_password());
}

TEST(ServerConfigTest, SyncsArePromisedOnlyIfTheStoreDoesThem) {
  ServerConfig config(kStart);
  ASSERT_TRUE(config.Set({{"appendfsync", "always"}}).has_value());
  EXPECT_TRUE(config.sync_before_reply());
  EXPECT_FALSE(config.Set({{"appendfsync", "no"}}).has_value());
  ASSERT_TRUE(config.Set({{"appendfsync", "everysec"}}).has_value());
  EXPECT_FALSE(config.sync_before_reply());

  ServerConfig lazy({.store_syncs = false, .connections_max = 1});
  EXPECT_EQ(ValueOf(lazy, "appendfsync"), "no");
  EXPECT_FALSE(lazy.Set({{"appendfsync", "everysec"}}).has_value());
  EXPECT_TRUE(lazy.Set({{"appendfsync", "always"}}).has_value());
  EXPECT_TRUE(lazy.Set({{"appendfsync", "no"}}).has_value());
}

TEST(ServerConfigTest, AWrongValueAmongRightOnesChangesNothing) {
  ServerConfig config(kStart);
  for (const auto& [name, value] :
       {std::pair{"hz", "many"}, std::pair{"nosuch", "1"}, std::pair{"port", "1"}, std::pair{"maxclients", "0"},
        std::pair{"maxmemory", "1 mb"}, std::pair{"activerehashing", "perhaps"}, std::pair{"loglevel", "loud"}}) {
    EXPECT_FALSE(config.Set({{"requirepass", "secret"}, {name, value}}).has_value()) << name;
    EXPECT_FALSE(config.has_password());
  }
  EXPECT_FALSE(config.Set({{"hz", "1"}, {"HZ", "2"}}).has_value());
}

}  // namespace
}  // namespace kvs::server
