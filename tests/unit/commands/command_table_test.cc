// Promised: the rows of the command table are whole and agree with each other, and docs/commands.md is made from them.
// KVS_UPDATE_DOCS=1 writes it.
#include "commands/table/command_table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/letters.h"
#include "commands/table/refused_commands.h"
#include "commands/table/usage.h"

namespace kvs::server {
namespace {

std::vector<const CommandSpec*> AllRows() {
  std::vector<const CommandSpec*> rows;
  for (const CommandSpec* spec : Commands().all()) {
    rows.push_back(spec);
    for (const CommandSpec& subcommand : spec->subcommands) rows.push_back(&subcommand);
  }
  return rows;
}

TEST(CommandTableTest, EveryCommandIsFoundByItsNameInEitherCase) {
  for (const CommandSpec* spec : Commands().all()) {
    EXPECT_EQ(Commands().Find(spec->name), spec);
    EXPECT_EQ(Commands().Find(base::Uppered(spec->name)), spec);
    for (const CommandSpec& subcommand : spec->subcommands) {
      EXPECT_EQ(CommandTable::FindSubcommand(*spec, base::Uppered(subcommand.name)), &subcommand);
    }
  }
  for (const char* name : {"", "nosuch", "getx", "ge"}) EXPECT_EQ(Commands().Find(name), nullptr) << name;
  EXPECT_EQ(Commands().Find(std::string(10'000, 'g')), nullptr);
}

TEST(CommandTableTest, EveryRowIsWhole) {
  for (const CommandSpec* spec : AllRows()) {
    SCOPED_TRACE(spec->full_name);
    EXPECT_EQ(spec->full_name, base::Lowered(spec->full_name));
    EXPECT_NE(spec->arity, 0);
    EXPECT_FALSE(spec->group.empty() || spec->since.empty() || spec->complexity.empty() || spec->summary.empty());
    EXPECT_TRUE(spec->handler != nullptr || !spec->subcommands.empty());
    EXPECT_EQ(spec->keys.first == 0, spec->key_flags.empty());
    EXPECT_FALSE(spec->has(kWrite) && spec->has(kReadOnly));
    EXPECT_FALSE(spec->summary.ends_with('.'));
    const bool takes_more_than_names = spec->arity != (spec->full_name == spec->name ? 1 : 2);
    EXPECT_TRUE(takes_more_than_names || spec->usage.empty());
    static_cast<void>(ParseUsage(spec->usage));  // Checks the brackets.
  }
}

std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) cell += c == '|' ? std::string("\\|") : std::string(1, c);
  return cell;
}

// As a person writes them.
std::vector<std::string> Names(const RefusedCommands& refused) {
  std::istringstream words{std::string(refused.names)};
  std::vector<std::string> names;
  for (std::string word; words >> word;) {
    std::replace(word.begin(), word.end(), '|', ' ');
    names.push_back(base::Uppered(word));
  }
  return names;
}

std::string CommandsPage() {
  const std::vector<std::pair<std::string_view, std::string_view>> groups = {{"string", "Strings"},
                                                                             {"bitmap", "Bits"},
                                                                             {"generic", "Keys"},
                                                                             {"transactions", "Transactions"},
                                                                             {"connection", "The connection"},
                                                                             {"pubsub", "Messages"},
                                                                             {"server", "The server"},
                                                                             {"scripting", "Scripting"},
                                                                             {"kvs", "What Redis does not have"}};
  std::ostringstream page;
  page << "# The commands of RESP\n\n"
          "Made from the command table (`src/commands`) by its test; do not edit.\n\n"
          "Semantics, errors and their texts are those of Redis 7.0, but for what stands under \"differs\". What "
          "Redis 7.0 has and this server refuses, as an unknown command, is listed at the end. "
          "[protocol.md](protocol.md) tells about the protocol itself.\n";
  for (const auto& [group, title] : groups) {
    page << "\n## " << title << "\n\n| command | since | does | differs |\n|---|---|---|---|\n";
    for (const CommandSpec* spec : AllRows()) {
      if (spec->group != group || (spec->handler == nullptr && spec->differences.empty())) continue;
      std::string name = base::Uppered(spec->full_name);
      std::replace(name.begin(), name.end(), '|', ' ');
      const std::string usage = spec->usage.empty() ? "" : " " + std::string(spec->usage);
      page << "| `" << Cell(name + usage) << "` | " << spec->since << " | " << Cell(spec->summary) << " | "
           << Cell(spec->differences) << " |\n";
    }
  }
  page << "\n## What is refused\n\n"
          "A container stands for all its subcommands.\n\n| group | commands | why |\n|---|---|---|\n";
  for (const RefusedCommands& refused : AllRefusedCommands()) {
    page << "| " << refused.group << " |";
    for (const std::string& name : Names(refused)) page << " `" << name << '`';
    page << " | " << Cell(refused.why) << " |\n";
  }
  return page.str();
}

TEST(CommandTableTest, EachRefusedCommandIsNamedOnceAndUnknown) {
  std::set<std::string> seen;
  for (const RefusedCommands& refused : AllRefusedCommands()) {
    EXPECT_FALSE(refused.group.empty() || refused.why.empty());
    for (const std::string& name : Names(refused)) {
      SCOPED_TRACE(name);
      EXPECT_TRUE(seen.insert(name).second);
      const std::size_t space = name.find(' ');
      const CommandSpec* const spec = Commands().Find(name.substr(0, space));
      EXPECT_EQ(spec != nullptr, space != std::string::npos);
      if (spec == nullptr) continue;
      EXPECT_EQ(CommandTable::FindSubcommand(*spec, name.substr(space + 1)), nullptr);
    }
  }
}

TEST(CommandTableTest, TheDocumentationIsMadeFromIt) {
  const char* const update = std::getenv("KVS_UPDATE_DOCS");
  if (update != nullptr && std::string_view(update) == "1") std::ofstream(KVS_COMMANDS_PAGE) << CommandsPage();
  std::ostringstream found;
  found << std::ifstream(KVS_COMMANDS_PAGE).rdbuf();
  EXPECT_EQ(found.str(), CommandsPage()) << "run this test with KVS_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace kvs::server
