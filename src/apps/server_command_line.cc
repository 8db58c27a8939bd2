#include "apps/server_command_line.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "apps/config_file.h"
#include "apps/exit_codes.h"
#include "base/try.h"
#include "kvs/version.h"

namespace kvs::apps {
namespace {

constexpr const char* kDescription =
    "kvs-server: serves a persistent key/value store over TCP.\n\n"
    "Its data is in one directory, which names the engine that wrote it. SIGINT or SIGTERM ends the server after it\n"
    "has answered the requests that it received. A second one ends it immediately. Neither loses an acknowledged "
    "write.";

constexpr const char* kFooter =
    "Examples:\n"
    "  kvs-server                                   the data of this directory, for clients of this machine\n"
    "  kvs-server --dir /var/lib/kvs --addr [::]:4000\n"
    "  kvs-server --engine sled --dir sled-data     the sled engine, in a directory of its own\n"
    "  kvs-server --engine rocksdb --dir rocks      RocksDB, if kvs was built with it\n"
    "  kvs-server --sync always                     every answer waits until its write survives power loss\n"
    "  kvs-server --pool stealing --threads 8       connections as jobs on a pool, for engines that block\n"
    "  KVS_REQUIREPASS=secret kvs-server --config /etc/kvs.toml\n\n"
    "Then, from another terminal:\n"
    "  kvs-client set greeting hello\n"
    "  kvs-client get greeting\n"
    "  redis-cli -p 4000 incr counter               any Redis client, on the same port\n\n"
    "Each of these settings can also be given by the environment (KVS_ADDR for --addr), or in the file of --config, "
    "as\n"
    "TOML (addr = \"127.0.0.1:4000\"). A flag goes before the environment, and that before the file.\n\n"
    "Exit codes: 0 stopped by a signal, 1 an error, 2 a wrong command line.";

using settings::Setting;
using settings::Settings;

constexpr const char* kConfigVariable = "KVS_CONFIG";

const std::map<std::string, PoolKind> kPools = {{"none", PoolKind::kNone},
                                                {"naive", PoolKind::kNaive},
                                                {"queue", PoolKind::kQueue},
                                                {"stealing", PoolKind::kStealing}};
const std::map<std::string, SyncPolicy> kSyncPolicies = {
    {"none", SyncPolicy::kNone}, {"interval", SyncPolicy::kInterval}, {"always", SyncPolicy::kAlways}};

// The values given as flags, by the name of the setting.
using Given = std::map<std::string, std::string>;

void AddFlag(CLI::App& app, const Setting& setting, Given* given) {
  const std::string name(setting.name);
  std::string help(setting.help);
  if (!setting.first_value.empty()) help += " [" + std::string(setting.first_value) + "]";
  const auto problem = [&setting](const std::string& value) {
    const Result<std::string> checked = settings::CheckValue(setting, value);
    return checked ? "" : value + ": " + checked.error().context;
  };
  app.add_option_function<std::string>(
         "--" + name, [given, name](const std::string& value) { (*given)[name] = value; }, help)
      ->check(problem, "")
      ->type_name(settings::FormName(setting))
      ->group(std::string(setting.group));
}

// An empty variable counts as not set; an empty flag is a value.
Result<Settings> Merge(const Given& given, std::optional<std::string> config_path) {
  Settings merged;
  const char* const named_by_environment = std::getenv(kConfigVariable);
  const bool is_named = named_by_environment != nullptr && *named_by_environment != '\0';
  if (!config_path && is_named) config_path = named_by_environment;
  if (config_path) KVS_TRY(ReadConfigFile(*config_path, &merged));
  KVS_TRY(ReadEnvironment(&merged));
  for (const auto& [name, value] : given) KVS_TRY(merged.Set(*settings::FindSetting(name), value));
  return merged;
}

ServerCommandLine LineOf(Settings settings) {
  ServerCommandLine line;
  line.address = Address::Parse(settings.Text("addr")).value();  // Checked when it was set.
  if (const std::string& engine = settings.Text("engine"); !engine.empty()) line.engine = engine;
  line.directory = settings.Text("dir");
  line.threads = static_cast<unsigned>(settings.Number("threads"));
  line.pool = kPools.at(settings.Text("pool"));
  line.sync = kSyncPolicies.at(settings.Text("sync"));
  line.settings = std::move(settings);
  return line;
}

}  // namespace

std::variant<ServerCommandLine, int> ParseServerCommandLine(int argc, char** argv) {
  Given given;
  std::optional<std::string> config_path;

  CLI::App app(kDescription, "kvs-server");
  app.footer(kFooter);
  app.set_version_flag("-V,--version", std::string("kvs-server ") + kVersion, "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this and exit");
  app.add_option("--config", config_path, "A file of settings, in TOML")->type_name("FILE");
  for (const Setting& setting : settings::AllSettings()) {
    if (settings::IsGivenAtStart(setting)) AddFlag(app, setting, &given);
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? kExitOk : kExitUsage;
  }
  Result<Settings> merged = Merge(given, std::move(config_path));
  if (!merged) {
    std::cerr << "kvs-server: " << merged.error().context << "\n";
    return kExitError;
  }
  return LineOf(*std::move(merged));
}

}  // namespace kvs::apps
