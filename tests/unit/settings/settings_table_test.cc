// Promised: the rows of the table of settings are whole, and docs/configuration.md is made from them. KVS_UPDATE_DOCS=1
// writes it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "settings/setting.h"

namespace kvs::settings {
namespace {

TEST(SettingsTableTest, EachRowIsWholeAndEachNameIsThereOnce) {
  std::set<std::string_view> names;
  for (const Setting& setting : AllSettings()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    EXPECT_EQ(FindSetting(setting.name), &setting);
    EXPECT_EQ(setting.form == Form::kChoice, !setting.choices.empty()) << setting.name;
    EXPECT_EQ(IsGivenAtStart(setting), !setting.help.empty()) << setting.name;
    EXPECT_EQ(IsGivenAtStart(setting), !setting.group.empty()) << setting.name;
    EXPECT_EQ(setting.help.find('\n'), std::string_view::npos) << setting.name;
  }
}

// A choice of event classes is read as its text.
TEST(SettingsTableTest, EachLiveSettingFillsAFieldOfItsOwn) {
  std::vector<LiveValue LiveValues::*> fields;
  for (const Setting& setting : AllSettings()) {
    SCOPED_TRACE(setting.name);
    const bool is_live = setting.kind == Kind::kLive && setting.form != Form::kEvents;
    EXPECT_EQ(setting.field != nullptr, is_live || setting.name == "appendfsync");
    if (setting.field == nullptr) continue;
    EXPECT_EQ(std::count(fields.begin(), fields.end(), setting.field), 0);
    fields.push_back(setting.field);
  }
}

TEST(SettingsTableTest, EachFirstValueIsAllowed) {
  for (const Setting& setting : AllSettings()) {
    const Result<std::string> checked = CheckValue(setting, setting.first_value);
    ASSERT_TRUE(checked.has_value()) << setting.name << ": " << checked.error().context;
    EXPECT_EQ(*checked, setting.first_value) << setting.name;
  }
}

// Of a cell of a table in Markdown.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c;
  }
  return cell;
}

std::string NamesOf(Kind kind) {
  std::string names;
  for (const Setting& setting : AllSettings()) {
    if (setting.kind == kind) names += (names.empty() ? "`" : ", `") + std::string(setting.name) + "`";
  }
  return names;
}

std::string SettingsPage() {
  std::ostringstream page;
  page
      << "# The settings of kvs-server\n\n"
         "Made from the table in `src/settings/settings_table.cc` by its test; do not edit.\n\n"
         "Each setting has one name. It can be given as a flag (`--maxclients 100`), by the environment "
         "(`KVS_MAXCLIENTS=100`: capitals, `_` for `-`), or in the file that `--config FILE` or `KVS_CONFIG` names. A "
         "flag overrides the environment, the environment overrides the file, and the file overrides the default. The "
         "file is [TOML](https://toml.io), with one key per setting:\n\n"
         "```toml\naddr = \"127.0.0.1:4000\"\ndir = \"/var/lib/kvs\"\nmaxclients = 100\n"
         "client-query-buffer-limit = \"64mb\"\n```\n\n"
         "A key or a value that is not allowed is an error on stderr. It names the file and the line, or the variable, "
         "and the allowed values. The server then does not start, and its exit code is 1, or 2 for a flag. A number of "
         "bytes may end in `kb`, `mb` or `gb` (1024), or `k`, `m` or `g` (1000). Put a password in the file or the "
         "environment: other users of the machine can read flags.\n\n"
         "`CONFIG GET` reports all settings. `CONFIG SET` changes the live ones while the server runs.\n";
  std::string_view group;
  for (const Setting& setting : AllSettings()) {
    if (!IsGivenAtStart(setting)) continue;
    if (setting.group != group) {
      group = setting.group;
      page << "\n## " << group
           << "\n\n| setting | default | values | unit | live | means |\n|---|---|---|---|---|---|\n";
    }
    const std::string first = setting.first_value.empty() ? "" : "`" + std::string(setting.first_value) + "`";
    page << "| `" << setting.name << "` | " << first << " | " << Cell(RangeText(setting)) << " | " << setting.unit
         << " | " << (setting.kind == Kind::kLive ? "yes" : "") << " | " << Cell(setting.help) << " |\n";
  }
  page
      << "\n## Parameters of Redis\n\n"
         "`CONFIG GET` reports these too. They follow from the settings above, or are fixed in kvs: "
      << NamesOf(Kind::kReadOnly)
      << ".\n\n"
         "`CONFIG SET appendfsync` changes `sync` while the server runs, to `always` or back to `everysec`. The others "
         "have no effect. kvs stores them, so that tools of Redis read back the values that they set: "
      << NamesOf(Kind::kRedisOnly) << ".\n";
  return page.str();
}

TEST(SettingsTableTest, TheDocumentationIsMadeFromIt) {
  const char* const update = std::getenv("KVS_UPDATE_DOCS");
  if (update != nullptr && std::string_view(update) == "1") std::ofstream(KVS_SETTINGS_PAGE) << SettingsPage();
  std::ostringstream found;
  found << std::ifstream(KVS_SETTINGS_PAGE).rdbuf();
  EXPECT_EQ(found.str(), SettingsPage()) << "run this test with KVS_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace kvs::settings
