#include "apps/server_command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <utility>

#include "apps/address_option.h"
#include "apps/exit_codes.h"
#include "kvs/version.h"

namespace kvs::apps {
namespace {

constexpr const char* kDescription =
    "kvs-server: serves a persistent key/value store over TCP.\n\n"
    "Its data lives in one directory, which remembers the engine it was made with. SIGINT or SIGTERM ends the server\n"
    "once it has answered what it received; a second one ends it at once. Either way no acknowledged write is lost.";

constexpr const char* kFooter =
    "Examples:\n"
    "  kvs-server                                   the data of this directory, for clients of this machine\n"
    "  kvs-server --dir /var/lib/kvs --addr [::]:4000\n"
    "  kvs-server --engine sled --dir sled-data     the sled engine, in a directory of its own\n"
    "  kvs-server --engine rocksdb --dir rocks      RocksDB, where kvs was built with it\n"
    "  kvs-server --sync always                     every answer waits until its write survives power loss\n"
    "  kvs-server --pool stealing --threads 8       connections as jobs on a pool, for engines that block\n\n"
    "Then, from another terminal:\n"
    "  kvs-client set greeting hello\n"
    "  kvs-client get greeting\n"
    "  redis-cli -p 4000 incr counter               any Redis client, on the same port\n\n"
    "Exit codes: 0 stopped by a signal, 1 an error, 2 the command line was not understood.";

const std::map<std::string, PoolKind> kPools = {
    {"naive", PoolKind::kNaive}, {"queue", PoolKind::kQueue}, {"stealing", PoolKind::kStealing}};
const std::map<std::string, SyncPolicy> kSyncPolicies = {
    {"none", SyncPolicy::kNone}, {"interval", SyncPolicy::kInterval}, {"always", SyncPolicy::kAlways}};

// Reads `--name word` into *choice, where `words` maps the allowed ones.
template <class Choice>
void AddChoice(CLI::App& app, const std::string& name, Choice* choice, const std::map<std::string, Choice>& words,
               const std::string& help) {
  std::string type_name;
  for (const auto& [word, ignored] : words) type_name += (type_name.empty() ? "" : "|") + word;
  CLI::Validator is_word = CLI::IsMember(&words);
  is_word.description("");  // The type's name says it.
  app.add_option_function<std::string>(
         name, [choice, &words](const std::string& word) { *choice = words.at(word); }, help)
      ->check(is_word)
      ->type_name(type_name);
}

}  // namespace

std::variant<ServerCommandLine, int> ParseServerCommandLine(int argc, char** argv) {
  ServerCommandLine line;
  std::string address = line.address.ToString();

  CLI::App app(kDescription, "kvs-server");
  app.footer(kFooter);
  app.set_version_flag("-V,--version", std::string("kvs-server ") + kVersion, "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this and exit");
  app.add_option("--addr", address, "Where to listen, v4 or v6; port 0: a free one, see the log")
      ->check(AddressProblem, "")
      ->type_name(kAddressForm)
      ->capture_default_str();
  app.add_option("--engine", line.engine, "kvs, sled or rocksdb. Default: the one in use, kvs in a new directory")
      ->type_name("NAME");
  app.add_option("--dir", line.directory, "Where the data lives. Default: the current directory")->type_name("PATH");
  app.add_option("--threads", line.threads, "Event loops, or workers of the pool. Default: one for each core")
      ->type_name("N");
  AddChoice(app, "--pool", &line.pool, kPools,
            "Run connections as jobs on a pool. Default: no pool, a loop on each thread");
  AddChoice(app, "--sync", &line.sync, kSyncPolicies,
            "Against power loss: sync never, every second (the default), or before each answer");

  app.add_option("--requirepass", line.password, "What Redis clients have to give as password. Default: nothing")
      ->type_name("PASSWORD");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? kExitOk : kExitUsage;
  }
  line.address = Address::Parse(address).value();  // Checked above.
  return line;
}

}  // namespace kvs::apps
