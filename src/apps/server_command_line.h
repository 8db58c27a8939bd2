// ServerCommandLine: what kvs-server was asked for.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "kvs/address.h"
#include "kvs/kv_store.h"

namespace kvs::apps {

enum class PoolKind { kNone, kNaive, kQueue, kStealing };

struct ServerCommandLine {
  Address address{};
  std::optional<std::string> engine{};  // nullopt: the one in use.
  std::filesystem::path directory = ".";
  unsigned threads = 0;  // Loops, or workers of the pool; 0: one for each core.
  PoolKind pool = PoolKind::kNone;
  SyncPolicy sync = SyncPolicy::kInterval;
  std::string password{};  // Empty: none is asked for.
};

// Reads the arguments of main(). An exit code: the program is done, having printed its help or version to stdout, or
// what it did not understand to stderr.
std::variant<ServerCommandLine, int> ParseServerCommandLine(int argc, char** argv);

}  // namespace kvs::apps
