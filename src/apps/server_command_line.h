// ServerCommandLine: the settings of kvs-server. Flags override environment variables, which override the file.
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

  // The settings that are neither numbers nor texts.
  Address address{};
  std::optional<std::string> engine{};  // nullopt: the engine already in use.
  std::filesystem::path directory = ".";
  unsigned threads = 0;  // Loops, or workers of the pool; 0: one per core.
  PoolKind pool = PoolKind::kNone;
  SyncPolicy sync = SyncPolicy::kInterval;
};

// Reads the arguments of main(), the environment, and the file that either of them names. An int is an exit code: the
// program has printed its help or version to stdout, or an error to stderr, and ends.
std::variant<ServerCommandLine, int> ParseServerCommandLine(int argc, char** argv);

}  // namespace kvs::apps
