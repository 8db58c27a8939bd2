#include "apps/torture/load/load.h"

#include <algorithm>

#include "apps/torture/load/patience.h"

namespace kvs::torture {
namespace {

// The first turn may have been sent before, and the second may have been chosen before.
constexpr std::uint64_t kCleanTurns = 3;

}  // namespace

Load::Load(int connections, std::uint32_t keys, std::uint64_t seed, Report& report) {
  for (int number = 0; number < connections; ++number) {
    workers_.push_back(
        std::make_unique<Worker>(number, keys, seed + static_cast<std::uint64_t>(number), conditions_, report));
  }
}

void Load::Connect(const Address& address, Rule rule) {
  for (const auto& worker : workers_) worker->Connect(address, rule);
}

void Load::Disconnect() {
  for (const auto& worker : workers_) worker->Disconnect();
  const auto are_all_down = [&] {
    return std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker->IsDown(); });
  };
  while (!Await(are_all_down, kLinkPatience)) continue;
}

bool Load::IsAnyDown() const {
  return std::any_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker->IsDown(); });
}

bool Load::AreAllLoading() const {
  return std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker->IsLoading(); });
}

std::vector<std::uint64_t> Load::CleanTurns() const {
  std::vector<std::uint64_t> turns;
  for (const auto& worker : workers_) turns.push_back(worker->clean_turns());
  return turns;
}

bool Load::HaveCleanTurnsSince(const std::vector<std::uint64_t>& before) const {
  const std::vector<std::uint64_t> now = CleanTurns();
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i] < before[i] + kCleanTurns) return false;
  }
  return true;
}

std::vector<Ledger> Load::Snapshot() const {
  std::vector<Ledger> ledgers;
  for (const auto& worker : workers_) ledgers.push_back(worker->Snapshot());
  return ledgers;
}

void Load::Forget() {
  for (const auto& worker : workers_) worker->Forget();
}

}  // namespace kvs::torture
