// CommandTable: all commands by their names, in either case.
//
// Threads     Constant once made; Commands() makes it at its first call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "commands/table/command.h"

namespace kvs::server {

class CommandTable {
 public:
  static constexpr std::uint16_t kFree = 0xffff;

  CommandTable();

  // nullptr: there is none.
  const CommandSpec* Find(std::string_view name) const;
  // Commands and subcommands, each with a number below size().
  std::size_t size() const { return numbered_.size(); }
  std::size_t NumberOf(const CommandSpec& spec) const;
  const CommandSpec& OfNumber(std::size_t number) const { return *numbered_[number]; }

  static const CommandSpec* FindSubcommand(const CommandSpec& container, std::string_view name);

  std::span<const CommandSpec* const> all() const { return all_; }  // By name.

 private:
  std::vector<const CommandSpec*> all_;
  std::vector<const CommandSpec*> slots_;  // Open addressing, a power of two; nullptr: free.
  std::vector<const CommandSpec*> numbered_;
  std::vector<std::uint16_t> number_slots_;  // Open addressing by the address of a row; kFree.
};

const CommandTable& Commands();

// The rows, a file for each family.
std::span<const CommandSpec> ConnectionCommands();
std::span<const CommandSpec> ClientCommands();
std::span<const CommandSpec> CommandCommands();
std::span<const CommandSpec> ConfigCommands();
std::span<const CommandSpec> ServerCommands();
std::span<const CommandSpec> StringCommands();
std::span<const CommandSpec> StringBatchCommands();
std::span<const CommandSpec> StringPartCommands();
std::span<const CommandSpec> CounterCommands();
std::span<const CommandSpec> KeyspaceCommands();
std::span<const CommandSpec> ExpiryCommands();
std::span<const CommandSpec> TransactionCommands();
std::span<const CommandSpec> KvsCommands();
std::span<const CommandSpec> BackupCommands();
std::span<const CommandSpec> PubSubCommands();
std::span<const CommandSpec> BitCommands();
std::span<const CommandSpec> BitFieldCommands();
std::span<const CommandSpec> LcsCommands();
std::span<const CommandSpec> DumpCommands();
std::span<const CommandSpec> DatabaseCommands();
std::span<const CommandSpec> MemoryCommands();
std::span<const CommandSpec> DebugCommands();
std::span<const CommandSpec> LatencyCommands();
std::span<const CommandSpec> MonitorCommands();
std::span<const CommandSpec> SlowLogCommands();
std::span<const CommandSpec> WaitingCommands();

}  // namespace kvs::server
