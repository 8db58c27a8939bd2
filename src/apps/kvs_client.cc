// kvs-client: sends one request to a kvs-server and prints the answer.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/client_command_line.h"
#include "apps/exit_codes.h"
#include "apps/process.h"
#include "base/try.h"
#include "kvs/client.h"
#include "kvs/version.h"

namespace kvs::apps {
namespace {

using Command = ClientCommandLine::Command;

constexpr const char* kHelp =
    "kvs-client: sets, gets and removes keys of a kvs-server.\n\n"
    "Usage:\n"
    "  kvs-client set [--addr IP:PORT] [--] KEY VALUE\n"
    "  kvs-client get [--addr IP:PORT] [--] KEY\n"
    "  kvs-client rm  [--addr IP:PORT] [--] KEY\n"
    "  kvs-client -h | --help | -V | --version\n\n"
    "--addr is the server, v4 or v6 [127.0.0.1:4000]. It comes before the key, or last.\n"
    "KEY has up to 65535 bytes. KEY and VALUE are taken literally. Only a key that looks like an option, or is --,\n"
    "needs a -- before it. In scripts, always write it.\n\n"
    "Examples:\n"
    "  kvs-client set greeting hello\n"
    "  kvs-client get greeting                      prints hello\n"
    "  kvs-client rm greeting --addr [::1]:4000\n"
    "  kvs-client set offset -1                     an ordinary value\n"
    "  kvs-client set -- --addr value               the key is --addr\n\n"
    "The answer goes to stdout, an error to stderr. `get` of an absent key prints `Key not found` to stdout and\n"
    "succeeds; `rm` of one prints it to stderr and fails.\n\n"
    "Exit codes: 0 success, 1 an error, 2 a wrong command line.\n";

Status PrintLine(std::string_view text) {
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
                          std::fputc('\n', stdout) != EOF && std::fflush(stdout) == 0;
  if (!is_written) return Error{.code = ErrorCode::kIo, .sys_errno = errno, .context = "write to stdout"};
  return Ok();
}

Status Set(const ClientCommandLine& line) {
  KVS_TRY_ASSIGN(KvsClient client, KvsClient::Connect(line.address));
  return client.Set(line.key, line.value);
}

Status Get(const ClientCommandLine& line) {
  KVS_TRY_ASSIGN(KvsClient client, KvsClient::Connect(line.address));
  KVS_TRY_ASSIGN(const std::optional<std::string> value, client.Get(line.key));
  return PrintLine(value.value_or("Key not found"));
}

Status Remove(const ClientCommandLine& line) {
  KVS_TRY_ASSIGN(KvsClient client, KvsClient::Connect(line.address));
  return client.Remove(line.key);
}

int Report(const Status& status) {
  if (status) return kExitOk;
  const bool is_absent = status.error().code == ErrorCode::kKeyNotFound;
  std::cerr << (is_absent ? "Key not found" : status.error().ToString()) << '\n';
  return kExitError;
}

int Main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + std::min(argc, 1), argv + argc);
  const Result<ClientCommandLine> line = ParseClientCommandLine(words);
  if (!line) {
    std::cerr << line.error().context << "\n\n" << (words.empty() ? kHelp : "kvs-client --help shows how.\n");
    return kExitUsage;
  }
  switch (line->command) {
    case Command::kHelp: std::cout << kHelp; return kExitOk;
    case Command::kVersion: std::cout << "kvs-client " << kVersion << '\n'; return kExitOk;
    case Command::kSet: return Report(Set(*line));
    case Command::kGet: return Report(Get(*line));
    case Command::kRemove: return Report(Remove(*line));
  }
  return kExitUsage;
}

}  // namespace
}  // namespace kvs::apps

int main(int argc, char** argv) {
  kvs::apps::PrepareProcess();
  return kvs::apps::FinishOutput(kvs::apps::Main(argc, argv));
}
