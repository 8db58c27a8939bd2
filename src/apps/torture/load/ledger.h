// Ledger: the contents of one connection's keys, as far as that connection can know them: exact if it has the answer,
// and otherwise a list of operations in flight.
//
// Design      A server executes the commands of one connection in their order, and its log keeps that order. The state
//             after a crash is therefore that after some number of the operations in flight: none of them, the first,
//             the first two, and so on. An operation with several keys is in or out as a whole. If the server may
//             refuse writes, because its disk is full, any of them may be missing, but only as a whole.
// Threads     One thread at a time: its owner locks it, so that other threads can copy it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "apps/torture/load/state.h"

namespace kvs::torture {

enum class Command : std::uint8_t { kGet, kSet, kRemove, kAppend, kIncrement, kSetMany, kTransaction };

struct Change {
  std::uint32_t key;
  State to;
};

struct Operation {
  Command command;
  std::vector<Change> changes;   // Of kGet: the key that is read.
  std::int64_t sent_ms = 0;      // Unix time.
  std::size_t replies_left = 1;  // Of a transaction: one more for each of its commands.
};

class Ledger {
 public:
  // The keys are numbered from 0.
  Ledger(int owner, std::uint32_t keys);

  std::uint32_t keys() const { return static_cast<std::uint32_t>(states_.size()); }
  Key KeyAt(std::uint32_t number) const;
  const std::string& prefix() const { return prefix_; }  // Of the names of all its keys, and of no others.

  const State& acknowledged(std::uint32_t key) const { return states_[key]; }
  // Whether the next state of `key` is known: no change of it is in flight.
  bool IsSettled(std::uint32_t key) const { return changes_in_flight_[key] == 0; }
  std::uint64_t NextGeneration() { return ++generation_; }

  void Send(Operation operation);
  const std::deque<Operation>& in_flight() const { return in_flight_; }
  Operation& front() { return in_flight_.front(); }
  void Acknowledge();  // The first in flight took effect, and its answer is here.
  void Refuse();       // The first in flight had no effect.

  // After a crash: takes the found state of every key. Nothing is in flight any more.
  void Adopt(std::vector<State> states);
  void SetUnknown(std::uint32_t key) { states_[key] = State{.generation = kUnknownGeneration}; }
  void Clear();  // Nothing is stored.

 private:
  void RemoveFront();

  // Constant after construction.
  std::string prefix_;

  std::uint64_t generation_ = 0;
  std::vector<State> states_;
  std::deque<Operation> in_flight_;
  std::vector<std::uint32_t> changes_in_flight_;
};

}  // namespace kvs::torture
