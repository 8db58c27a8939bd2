// What the programs with commands share: adding a command, reading the command line, and reporting an error.
#pragma once

#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>
#include <string>

#include "apps/exit_codes.h"
#include "kvs/result.h"

namespace kvs::apps {

inline CLI::App* AddCommand(CLI::App& app, const std::string& name, const std::string& help) {
  CLI::App* const command = app.add_subcommand(name, help);
  command->set_help_flag("-h,--help", "Print this and exit");
  return command;
}

// Calls `parse`. Returns the exit code if nothing else is to be done: help was asked for, or the line is wrong.
template <class Parse>
std::optional<int> ParseOrExit(CLI::App& app, const Parse& parse) {
  try {
    parse();
  } catch (const CLI::ParseError& error) {
    const bool is_asked_for = error.get_exit_code() == 0;  // --help or --version.
    const int exit_code = app.exit(error);
    return is_asked_for ? exit_code : kExitUsage;
  }
  return std::nullopt;
}

inline int Report(const Error& error) {
  std::cerr << error.ToString() << '\n';
  return kExitError;
}

}  // namespace kvs::apps
