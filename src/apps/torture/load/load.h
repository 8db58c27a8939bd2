// Load: all the workers of a round.
//
// Threads     One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "apps/torture/load/worker.h"
#include "kvs/address.h"
#include "kvs/function_ref.h"

namespace kvs::torture {

class Load {
 public:
  Load(int connections, std::uint32_t keys, std::uint64_t seed, Report& report);

  void Connect(const Address& address, Rule rule);
  void Disconnect();  // Returns when all are down.

  bool IsAnyDown() const;
  bool AreAllLoading() const;
  // Whether each has had its writes accepted, all of some turns, since `before`, which CleanTurns() gave.
  bool HaveCleanTurnsSince(const std::vector<std::uint64_t>& before) const;
  std::vector<std::uint64_t> CleanTurns() const;

  std::vector<Ledger> Snapshot() const;
  void Forget();

  Conditions& conditions() { return conditions_; }
  Rule rule() const {
    return conditions_.writes_may_fail.load(std::memory_order_relaxed) ? Rule::kAnyOfThem : Rule::kFirstOnes;  // R1
  }

 private:
  Conditions conditions_;  // Fences as there.
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace kvs::torture
