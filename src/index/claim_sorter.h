// ClaimSorter: puts claims in the order of their keys, and gives up all but the newest of each key.
//
// Design      Sorts by head. Where heads are equal and do not end their keys, the keys are asked from the records, and
//             the claims sorted again by heads behind all that they have in common: so long common parts cost one look
//             at each record.
// Threads     One sorter for each thread.
// Errors      A damaged record is the answer where its key had to be known.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/location.h"
#include "index/claim.h"
#include "index/key_source.h"
#include "kvs/function_ref.h"

namespace kvs::index {

class ClaimSorter {
 public:
  explicit ClaimSorter(const KeySource& keys) : keys_(keys) {}

  // Sorts the claims of a list with this depth. Tells `superseded` of each that is given up for a newer one, and has an
  // empty entry from then on. Returns the location of a record that is damaged.
  std::optional<base::Location> Sort(std::span<Claim> claims, std::size_t depth,
                                     FunctionRef<void(const Claim&)> superseded);

 private:
  struct Run {
    std::span<Claim> claims;
    std::size_t depth;
  };

  void SortByHead(const Run& run, FunctionRef<void(const Claim&)> superseded);
  std::optional<base::Location> Deepen(Run* run) const;

  const KeySource& keys_;
  std::vector<Run> tied_;  // To be sorted by deeper heads.
};

}  // namespace kvs::index
