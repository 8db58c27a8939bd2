// The part of CLIENT that HELLO needs.
#pragma once

#include <string_view>

#include "commands/table/command.h"

namespace kvs::server {

// False: answered, it has a character that CLIENT LIST could not show.
bool CheckClientName(Call& call, std::string_view name);

// `field`: a text of the client's that others see.
void SetClientText(Call& call, std::string& field, std::string_view text);

}  // namespace kvs::server
