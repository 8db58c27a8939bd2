// The fields of INFO that hold several values each: those of commands, of errors and of the keyspace.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "commands/table/command.h"
#include "figures/figure.h"

namespace kvs::server {

// One line of INFO.
struct InfoField {
  const figures::FigureSpec* spec;
  std::string name;
  figures::FigureValue value;
};

struct InfoRecord {
  figures::FigureSpec spec;
  // Appends one field for each command, kind of error, and so on.
  void (*read)(Call& call, const figures::FigureSpec& spec, std::vector<InfoField>* fields);
};

std::span<const InfoRecord> InfoRecords();

}  // namespace kvs::server
