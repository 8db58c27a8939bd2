// Promised: a setting has the first value of the table until another is set, and keeps a value only if it is allowed.
#include "settings/settings.h"

#include <gtest/gtest.h>

#include <string>

namespace kvs::settings {
namespace {

TEST(SettingsTest, BeginWithTheirDefaultsAndKeepChanges) {
  Settings settings;
  EXPECT_EQ(settings.Text("addr"), "127.0.0.1:4000");
  EXPECT_EQ(settings.Number("maxclients"), 10'000);
  ASSERT_TRUE(settings.Set(*FindSetting("maxclients"), "7").has_value());
  EXPECT_EQ(settings.Number("maxclients"), 7);
}

TEST(SettingsTest, AWrongValueChangesNothing) {
  Settings settings;
  EXPECT_FALSE(settings.Set(*FindSetting("maxclients"), "0").has_value());
  EXPECT_EQ(settings.Number("maxclients"), 10'000);
}

TEST(SettingsTest, IncludeOnlySettingsForTheStart) {
  const Settings settings;
  for (const auto& [name, value] : settings.all()) EXPECT_TRUE(IsGivenAtStart(*FindSetting(name))) << name;
}

}  // namespace
}  // namespace kvs::settings
