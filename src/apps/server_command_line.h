// ServerCommandLine: what kvs-server was asked for: by flags, by the environment, by a file, in this order.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "kvs/address.h"
#include "kvs/kv_store.h"
#include "settings/settings.h"

namespace kvs::apps {

enum class PoolKind { kNone, kNaive, kQueue, kStealing };

struct ServerCommandLine {
  settings::Settings settings{};

  // Of the settings, those that are not numbers or texts.
  Address address{};
  std::optional<std::string> engine{};  // nullopt: the one in use.
  std::filesystem::path directory = ".";
  unsigned threads = 0;  // Loops, or workers of the pool; 0: one for each core.
  PoolKind pool = PoolKind::kNone;
  SyncPolicy sync = SyncPolicy::kInterval;
};

// Reads the arguments of main(), the environment, and the file that either names. An exit code: the program is done,
// having printed its help or version to stdout, or what it did not understand to stderr.
std::variant<ServerCommandLine, int> ParseServerCommandLine(int argc, char** argv);

}  // namespace kvs::apps
