// WithoutSecrets: the arguments of a call as others may see them: MONITOR, SLOWLOG and whatever shows commands.
//
// Design      The row of a command says where its secrets stand. What does not have the form of the command is hidden
//             with them: a mistyped password should not be found in a log.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "commands/table/command.h"

namespace kvs::server {

std::vector<std::string_view> WithoutSecrets(const CommandSpec& spec, std::span<const std::string_view> arguments);

}  // namespace kvs::server
