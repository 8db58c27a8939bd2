// History: the operations of several threads on one key, and a search for an order that explains them.
//
// A history is linearizable if its operations can be put in an order that meets two conditions. Each answer is the
// right one in that order, and an operation that ended before another began comes first. The search is that of Wing and
// Gong (1993): take any operation that may be next, go on, and undo one that leads nowhere. Lowe (2017) added a memory
// of failed attempts: the set of operations taken and the value they left.
#pragma once

#include <bitset>
#include <cstdint>
#include <limits>
#include <unordered_set>
#include <vector>

namespace kvs::test {

struct HistoryOperation {
  enum class Kind { kSet, kGet, kRemove, kUpdate };

  Kind kind;
  std::uint64_t written = 0;   // Set and update: a value that nobody else writes. 0: absent.
  std::uint64_t observed = 0;  // Get and update: the value that was there. Remove: 1 if something was there.
  std::uint64_t begin = 0;     // Moments of one clock.
  std::uint64_t end = 0;
};

class History {
 public:
  static constexpr std::size_t kOperationsMax = 256;

  void Add(const HistoryOperation& operation) { operations_.push_back(operation); }
  const std::vector<HistoryOperation>& operations() const { return operations_; }

  // Whether an order explains all operations, on a key that has the value `initial` before them. At most
  // kOperationsMax.
  bool IsLinearizable(std::uint64_t initial = 0) const {
    std::vector<Step> steps{{.taken = {}, .value = initial, .next = 0}};
    std::unordered_set<State, StateHash> tried;
    while (!steps.empty()) {
      Step& step = steps.back();
      if (step.taken.count() == operations_.size()) return true;
      const std::uint64_t first_end = FirstEnd(step.taken);
      bool goes_deeper = false;
      while (!goes_deeper && step.next < operations_.size()) {
        const std::size_t i = step.next++;
        std::uint64_t value = step.value;
        if (step.taken[i] || operations_[i].begin > first_end || !Apply(operations_[i], &value)) continue;
        Taken taken = step.taken;
        taken.set(i);
        goes_deeper = tried.insert({taken, value}).second;
        if (goes_deeper) steps.push_back({.taken = taken, .value = value, .next = 0});
        if (goes_deeper) break;  // `step` may have moved.
      }
      if (!goes_deeper) steps.pop_back();
    }
    return false;
  }

 private:
  using Taken = std::bitset<kOperationsMax>;
  struct Step {
    Taken taken;
    std::uint64_t value;
    std::size_t next;  // The operation to try next.
  };
  struct State {
    Taken taken;
    std::uint64_t value;
    bool operator==(const State&) const = default;
  };
  struct StateHash {
    std::size_t operator()(const State& state) const {
      return std::hash<Taken>()(state.taken) * 31 + std::hash<std::uint64_t>()(state.value);
    }
  };

  // The remaining operation that ends first must come before every one that begins after that.
  std::uint64_t FirstEnd(const Taken& taken) const {
    std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (!taken[i] && operations_[i].end < first) first = operations_[i].end;
    }
    return first;
  }

  // Whether the answer is right for a key with `*value`, which becomes the value after the operation.
  static bool Apply(const HistoryOperation& operation, std::uint64_t* value) {
    const std::uint64_t before = *value;
    switch (operation.kind) {
      case HistoryOperation::Kind::kSet: *value = operation.written; return true;
      case HistoryOperation::Kind::kGet: return operation.observed == before;
      case HistoryOperation::Kind::kRemove: *value = 0; return (operation.observed != 0) == (before != 0);
      case HistoryOperation::Kind::kUpdate: *value = operation.written; return operation.observed == before;
    }
    return false;
  }

  std::vector<HistoryOperation> operations_;
};

}  // namespace kvs::test
