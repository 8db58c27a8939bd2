// INFO: its handler, and its sections.
#pragma once

#include <span>
#include <string_view>

#include "commands/table/command.h"

namespace kvs::server {

struct InfoSection {
  std::string_view name;
  std::string_view title;
  bool is_default = true;  // Otherwise it comes when it is asked for, or all are.
};

// In the order of INFO.
std::span<const InfoSection> InfoSections();

void Info(Call& call);

}  // namespace kvs::server
