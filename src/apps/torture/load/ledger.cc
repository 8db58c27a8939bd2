#include "apps/torture/load/ledger.h"

#include <algorithm>
#include <utility>

namespace kvs::torture {

namespace {

constexpr std::uint32_t kKinds = 8;  // Of eight keys one is a counter and one expires.

}  // namespace

Ledger::Ledger(int owner, std::uint32_t keys)
    : prefix_("w" + std::to_string(owner) + ":"), states_(keys), changes_in_flight_(keys) {}

Key Ledger::KeyAt(std::uint32_t number) const {
  const KeyKind kind = number % kKinds == 0   ? KeyKind::kCounter
                       : number % kKinds == 1 ? KeyKind::kExpiring
                                              : KeyKind::kPlain;
  return {prefix_ + std::to_string(number), kind};
}

void Ledger::Send(Operation operation) {
  if (operation.command != Command::kGet) {
    for (const Change& change : operation.changes) ++changes_in_flight_[change.key];
  }
  in_flight_.push_back(std::move(operation));
}

void Ledger::Acknowledge() {
  const Operation& operation = front();
  if (operation.command != Command::kGet) {
    for (const Change& change : operation.changes) {
      State& state = states_[change.key];
      state = change.to;
      if (state.ttl_ms != 0) state.gone_by_ms = UnixMs() + state.ttl_ms;
    }
  }
  RemoveFront();
}

void Ledger::Refuse() { RemoveFront(); }

void Ledger::RemoveFront() {
  if (front().command != Command::kGet) {
    for (const Change& change : front().changes) --changes_in_flight_[change.key];
  }
  in_flight_.pop_front();
}

void Ledger::Adopt(std::vector<State> states) {
  states_ = std::move(states);
  in_flight_.clear();
  std::fill(changes_in_flight_.begin(), changes_in_flight_.end(), 0);
}

void Ledger::Clear() { Adopt(std::vector<State>(states_.size())); }

}  // namespace kvs::torture
