// WithoutSecrets: the arguments of a call as MONITOR, SLOWLOG and their like may show them.
//
// Design      The row of a command says where its secrets stand. Arguments that do not have the form of the command
//             are hidden too: a mistyped password should not be found in a log.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "commands/table/command.h"

namespace kvs::server {

std::vector<std::string_view> WithoutSecrets(const CommandSpec& spec, std::span<const std::string_view> arguments);

}  // namespace kvs::server
