// kvs-client: one request to a kvs-server, and its answer on stdout.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/address_option.h"
#include "apps/exit_codes.h"
#include "base/try.h"
#include "kvs/address.h"
#include "kvs/client.h"
#include "kvs/version.h"

namespace kvs::apps {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  kvs-client set greeting hello\n"
    "  kvs-client get greeting                      prints hello\n"
    "  kvs-client rm greeting --addr [::1]:4000\n"
    "  kvs-client set -- -key- --value--            after -- a dash is a letter like others\n\n"
    "stdout carries what was asked for, stderr what went wrong. `get` of a key that is not there prints `Key not "
    "found`\n"
    "to stdout and succeeds; `rm` of one prints it to stderr and fails.\n\n"
    "Exit codes: 0 done, 1 an error, 2 the command line was not understood.";

struct Arguments {
  std::string address = Address().ToString();
  std::string key{};
  std::string value{};
};

Result<KvsClient> Connect(const Arguments& arguments) {
  KVS_TRY_ASSIGN(const Address address, Address::Parse(arguments.address));
  return KvsClient::Connect(address);
}

Status PrintLine(std::string_view text) {
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
                          std::fputc('\n', stdout) != EOF && std::fflush(stdout) == 0;
  if (!is_written) return Error{.code = ErrorCode::kIo, .sys_errno = errno, .context = "write to stdout"};
  return Ok();
}

Status Set(const Arguments& arguments) {
  KVS_TRY_ASSIGN(KvsClient client, Connect(arguments));
  return client.Set(arguments.key, arguments.value);
}

Status Get(const Arguments& arguments) {
  KVS_TRY_ASSIGN(KvsClient client, Connect(arguments));
  KVS_TRY_ASSIGN(const std::optional<std::string> value, client.Get(arguments.key));
  return PrintLine(value.value_or("Key not found"));
}

Status Remove(const Arguments& arguments) {
  KVS_TRY_ASSIGN(KvsClient client, Connect(arguments));
  return client.Remove(arguments.key);
}

int Report(const Status& status) {
  if (status) return kExitOk;
  const bool is_absent = status.error().code == ErrorCode::kKeyNotFound;
  std::cerr << (is_absent ? "Key not found" : status.error().ToString()) << '\n';
  return kExitError;
}

// Says what was not understood, and how it would have been.
int ReportUsage(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = app.remaining(true);
  if (unknown.empty()) {
    app.exit(error, std::cout, std::cerr);
  } else {
    std::cerr << "Not understood: " << unknown.front() << '\n';
  }
  if (app.get_subcommands().empty()) std::cerr << '\n' << app.help();
  return kExitUsage;
}

CLI::App* AddCommand(CLI::App& app, Arguments& arguments, const std::string& name, const std::string& help) {
  CLI::App* const command = app.add_subcommand(name, help);
  command->set_help_flag("-h,--help", "Print this and exit");
  command->add_option("KEY", arguments.key, "The key, any bytes up to 65535")->required()->type_name("");
  command->add_option("--addr", arguments.address, "The server, v4 or v6")
      ->check(AddressProblem, "")
      ->type_name(kAddressForm)
      ->capture_default_str();
  return command;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("kvs-client: sets, gets and removes keys of a kvs-server.", "kvs-client");
  app.footer(kFooter);
  app.set_version_flag("-V,--version", std::string("kvs-client ") + kVersion, "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this and exit");
  app.require_subcommand(1);  // Just one: a key may be called as a command is.
  CLI::App* const set = AddCommand(app, arguments, "set", "Set the value of a key");
  set->add_option("VALUE", arguments.value, "The value, any bytes")->required()->type_name("");
  const CLI::App* const get = AddCommand(app, arguments, "get", "Print the value of a key");
  AddCommand(app, arguments, "rm", "Remove a key");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help or --version.
    return ReportUsage(app, error);
  }
  if (set->parsed()) return Report(Set(arguments));
  if (get->parsed()) return Report(Get(arguments));
  return Report(Remove(arguments));
}

}  // namespace
}  // namespace kvs::apps

int main(int argc, char** argv) { return kvs::apps::Main(argc, argv); }
