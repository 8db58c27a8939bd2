// WriteHistory: the writes of one thread to a store, in order, and the states that a store may show after a crash.
//
// Design      Every write has a value of its own, so the contents of a store name the write they end with. A store that
//             came through a crash must hold the outcome of the first N writes, for one N: no hole, no half of a batch,
//             no removed key.
// Threads     One at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "crash/crash_test.h"
#include "store/store.h"

namespace kvs::test {

class WriteHistory {
 public:
  explicit WriteHistory(std::uint64_t seed, std::string key_prefix = "key")
      : random_(seed), key_prefix_(std::move(key_prefix)) {}

  // Does one more write: a set, a removal, an update or a batch. A write that fails for want of room did not happen.
  // After any other failure the write may have happened or not, and it must be the last one that could.
  Status WriteNext(store::Store& store);

  // Removes the first key that is there.
  Status RemoveOne(store::Store& store);

  // How many writes were acknowledged.
  std::size_t acknowledged() const { return acknowledged_; }

  // The greatest N >= `at_least` such that the first N writes lead to `found`; nullopt: there is none.
  std::optional<std::size_t> Match(const Contents& found, std::size_t at_least) const;

  // The store holds the first `writes` writes now; the others never were.
  void CutTo(std::size_t writes);

  // The state after the acknowledged writes.
  const Contents& contents() const { return contents_; }

 private:
  struct Change {
    std::string key;
    std::optional<std::string> value;  // nullopt: removed.
  };
  using Step = std::vector<Change>;

  Status DoNext(Step step, store::Store& store);
  Step MakeStep();
  std::string MakeValue(const std::string& key);
  static Status Do(const Step& step, bool as_update, store::Store& store);
  static void Apply(const Change& change, Contents* contents);

  base::Random random_;
  const std::string key_prefix_;
  std::uint64_t values_made_ = 0;
  std::vector<Step> steps_;
  std::size_t acknowledged_ = 0;  // steps_ may have one more, whose fate is unknown.
  Contents contents_;
};

}  // namespace kvs::test
