// The figures of all modules together, as INFO, KVS.STATS and docs/figures.md print them.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "commands/administration/info_records.h"
#include "commands/table/command.h"
#include "figures/figure.h"

namespace kvs::server {

// Every row, in the order of the modules.
std::vector<const figures::FigureSpec*> AllFigures();

// The fields of one section of INFO, in its order. Reads only the modules that have a row there.
std::vector<InfoField> ReadSection(Call& call, std::string_view section);

}  // namespace kvs::server
