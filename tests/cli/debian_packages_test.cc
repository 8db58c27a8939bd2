// Real input: the descriptions of all packages that this Debian knows, about 60,000. They go through a server into each
// engine and are read back equal. Half of them are removed, and the server is killed with SIGKILL. The next server must
// serve exactly the acknowledged state. The test is skipped if `apt-cache dumpavail` prints nothing.

#include <signal.h>

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "cli/programs.h"
#include "kvs/client.h"

namespace kvs::test {
namespace {

constexpr std::size_t kPackagesMin = 1'000;
constexpr std::string_view kNameField = "Package: ";
constexpr std::string_view kDescriptionField = "Description: ";

using Packages = std::map<std::string, std::string>;

// A field of the form "Name: value" continues on the following lines that begin with a space.
Packages ParsePackages(std::FILE* input) {
  Packages packages;
  std::string name;
  bool is_in_description = false;
  char* line = nullptr;
  std::size_t capacity = 0;
  for (ssize_t bytes = 0; (bytes = ::getline(&line, &capacity, input)) > 0;) {
    std::string_view text(line, static_cast<std::size_t>(bytes));
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.starts_with(kNameField)) name = text.substr(kNameField.size());
    if (is_in_description && text.starts_with(' ')) {
      packages[name].append("\n").append(text);
      continue;
    }
    is_in_description = text.starts_with(kDescriptionField);
    if (is_in_description) packages[name] = text.substr(kDescriptionField.size());
  }
  std::free(line);
  return packages;
}

Packages ReadPackages() {
  const auto close = [](std::FILE* pipe) { ::pclose(pipe); };
  const std::unique_ptr<std::FILE, decltype(close)> pipe(::popen("apt-cache dumpavail 2>/dev/null", "r"), close);
  return pipe == nullptr ? Packages() : ParsePackages(pipe.get());
}

KvsClient ConnectTo(const ServerProgram& server) {
  auto client = KvsClient::Connect(*Address::Parse(server.address()));
  EXPECT_TRUE(client) << client.error().ToString();
  return *std::move(client);
}

void ExpectServed(const ServerProgram& server, const Packages& packages, const Packages& removed) {
  KvsClient client = ConnectTo(server);
  for (const auto& [name, description] : packages) {
    const auto value = client.Get(name);
    ASSERT_TRUE(value) << name << ": " << value.error().ToString();
    ASSERT_EQ(*value, description) << name;
  }
  for (const auto& [name, description] : removed) {
    const auto value = client.Get(name);
    ASSERT_TRUE(value) << name << ": " << value.error().ToString();
    ASSERT_EQ(*value, std::nullopt) << name << " has come back";
  }
}

class DebianPackagesTest : public testing::TestWithParam<std::string> {};

TEST_P(DebianPackagesTest, SurviveSigkillAsAcknowledged) {
  KVS_SKIP_WITHOUT(GetParam());
  Packages packages = ReadPackages();
  if (packages.size() < kPackagesMin) GTEST_SKIP() << "apt-cache knows only " << packages.size() << " packages";
  RecordProperty("packages", static_cast<int>(packages.size()));
  const TemporaryDirectory directory;
  Packages removed;
  {
    ServerProgram server(directory.path(), {"--engine", GetParam()});
    KVS_START_OR_FAIL(server);
    KvsClient client = ConnectTo(server);
    for (const auto& [name, description] : packages) ASSERT_TRUE(client.Set(name, description)) << name;
    ASSERT_NO_FATAL_FAILURE(ExpectServed(server, packages, removed));
    bool is_removed = false;
    for (auto at = packages.begin(); at != packages.end(); is_removed = !is_removed) {
      if (!is_removed) {
        ++at;
        continue;
      }
      ASSERT_TRUE(client.Remove(at->first)) << at->first;
      removed.insert(packages.extract(at++));
    }
    EXPECT_EQ(server.StopBy(SIGKILL), 128 + SIGKILL);
  }
  ServerProgram server(directory.path());
  KVS_START_OR_FAIL(server);
  ExpectServed(server, packages, removed);
  EXPECT_EQ(server.StopBy(SIGTERM), 0) << server.process().error_output();
}

INSTANTIATE_TEST_SUITE_P(Engines, DebianPackagesTest, testing::ValuesIn(AllEngineNames()),
                         [](const auto& engine) { return engine.param; });

}  // namespace
}  // namespace kvs::test
