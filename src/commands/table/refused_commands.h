// RefusedCommands: the commands of Redis 7.0 that are unknown here, and why, for docs/commands.md.
#pragma once

#include <span>
#include <string_view>

namespace kvs::server {

struct RefusedCommands {
  std::string_view group;  // As Redis calls it, in COMMAND DOCS.
  std::string_view names;  // In lower case, by name, between spaces; a container stands for all its subcommands.
  std::string_view why;
};

std::span<const RefusedCommands> AllRefusedCommands();

}  // namespace kvs::server
