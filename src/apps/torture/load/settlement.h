// Settlement: compares the contents of a store after a crash, or of a copy of it, with a ledger.
//
//   Settlement settlement(ledger, rule);
//   for (every key) settlement.See(key, found, window);
//   ledger.Adopt(settlement.Finish(&violations));
//
// Design      For each key it finds the operations in flight that can be the last change. Under kFirstOnes all keys
//             together must name one number of operations that took effect. Under kAnyOfThem an operation must take
//             effect for all of its keys or for none.
// Threads     One thread at a time. The ledger must not change while it lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "apps/torture/load/ledger.h"

namespace kvs::torture {

// Which of the operations in flight may have taken effect.
enum class Rule : std::uint8_t { kFirstOnes, kAnyOfThem };

struct Violation {
  std::string what;
  std::string key;
  std::string expected;
  std::string found;
};

class Settlement {
 public:
  // `ledger` outlives it.
  Settlement(const Ledger& ledger, Rule rule);

  void See(std::uint32_t key, std::optional<std::string_view> found, const Window& window);

  // Appends the faults to `violations`, and returns the states that were found, for Ledger::Adopt().
  std::vector<State> Finish(std::vector<Violation>* violations);

 private:
  // A state of a key, and the number of operations in flight after which it came: 0 for the acknowledged state.
  struct Step {
    std::size_t operations;
    State state;
  };
  enum class Effect : std::uint8_t { kUnknown, kTaken, kNotTaken };

  void SeeChanged(std::uint32_t key, const std::vector<Step>& steps, const std::vector<bool>& fits);
  void NoteEffects(std::uint32_t key, const std::vector<Step>& steps, std::size_t taken);
  void Note(std::size_t operation, Effect effect, std::uint32_t key);

  // Constant after construction.
  const Ledger& ledger_;
  const Rule rule_;

  std::unordered_map<std::uint32_t, std::vector<Step>> changed_;  // The steps of the keys that have changes in flight.
  std::vector<bool> may_be_count_;                                // Of kFirstOnes: whether so many took effect.
  std::vector<Effect> effects_;                                   // Of kAnyOfThem: of each operation in flight.
  std::string evidence_;                                          // The keys that left no count.
  std::vector<State> found_;
  std::vector<Violation> violations_;
};

}  // namespace kvs::torture
