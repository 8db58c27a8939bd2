#include "commands/table/command_table.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/check.h"
#include "base/letters.h"
#include "service/server_stats.h"

namespace kvs::server {
namespace {

constexpr std::size_t kNameBytesMax = 32;

// FNV-1a over the lower-case letters.
std::size_t HashName(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(base::ToLower(c))) * 0x100000001b3;
  return hash ^ (hash >> 32);
}

std::size_t HashAddress(const CommandSpec* spec) {
  return (reinterpret_cast<std::uintptr_t>(spec) * 0x9e3779b97f4a7c15) >> 40;
}

}  // namespace

CommandTable::CommandTable() {
  const auto families = std::to_array<std::span<const CommandSpec>>(
      {ConnectionCommands(), ClientCommands(),      CommandCommands(),    ConfigCommands(),  ServerCommands(),
       StringCommands(),     StringBatchCommands(), StringPartCommands(), CounterCommands(), KeyspaceCommands(),
       ExpiryCommands(),     TransactionCommands(), KvsCommands(),        BackupCommands(),  PubSubCommands(),
       BitCommands(),        BitFieldCommands(),    LcsCommands(),        DumpCommands(),    DatabaseCommands(),
       MemoryCommands(),     DebugCommands(),       LatencyCommands(),    MonitorCommands(), SlowLogCommands(),
       WaitingCommands()});
  for (const auto& family : families) {
    for (const CommandSpec& spec : family) all_.push_back(&spec);
  }
  std::sort(all_.begin(), all_.end(), [](const CommandSpec* a, const CommandSpec* b) { return a->name < b->name; });

  for (const CommandSpec* spec : all_) {
    numbered_.push_back(spec);
    for (const CommandSpec& subcommand : spec->subcommands) numbered_.push_back(&subcommand);
  }
  KVS_CHECK(numbered_.size() <= ServerStats::kCommandsMax);
  number_slots_.resize(std::bit_ceil(numbered_.size() * 4), kFree);
  for (std::size_t number = 0; number < numbered_.size(); ++number) {
    std::size_t at = HashAddress(numbered_[number]) & (number_slots_.size() - 1);
    while (number_slots_[at] != kFree) at = (at + 1) & (number_slots_.size() - 1);
    number_slots_[at] = static_cast<std::uint16_t>(number);
  }

  std::size_t slots = 64;
  while (slots < all_.size() * 4) slots *= 2;
  slots_.resize(slots, nullptr);
  for (const CommandSpec* spec : all_) {
    KVS_CHECK(spec->name.size() <= kNameBytesMax && Find(spec->name) == nullptr);
    std::size_t at = HashName(spec->name) & (slots - 1);
    while (slots_[at] != nullptr) at = (at + 1) & (slots - 1);
    slots_[at] = spec;
  }
}

std::size_t CommandTable::NumberOf(const CommandSpec& spec) const {
  for (std::size_t at = HashAddress(&spec) & (number_slots_.size() - 1);; at = (at + 1) & (number_slots_.size() - 1)) {
    KVS_CHECK(number_slots_[at] != kFree);
    if (numbered_[number_slots_[at]] == &spec) return number_slots_[at];
  }
}

const CommandSpec* CommandTable::Find(std::string_view name) const {
  if (name.size() > kNameBytesMax) return nullptr;
  for (std::size_t at = HashName(name) & (slots_.size() - 1); slots_[at] != nullptr;
       at = (at + 1) & (slots_.size() - 1)) {
    if (base::IsWord(name, slots_[at]->name)) return slots_[at];
  }
  return nullptr;
}

const CommandSpec* CommandTable::FindSubcommand(const CommandSpec& container, std::string_view name) {
  const auto found = std::find_if(container.subcommands.begin(), container.subcommands.end(),
                                  [&](const CommandSpec& spec) { return base::IsWord(name, spec.name); });
  return found == container.subcommands.end() ? nullptr : &*found;
}

const CommandTable& Commands() {
  static const CommandTable table;
  return table;
}

}  // namespace kvs::server
