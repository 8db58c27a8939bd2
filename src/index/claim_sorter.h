// ClaimSorter: sorts claims by key, and supersedes all but the newest claim of each key.
//
// Design      Sorts by head. If equal heads do not end their keys, the keys are read from the records. Those claims are
//             then sorted by heads after everything they have in common. So a long common part costs one look at each
//             record.
// Threads     One sorter per thread.
// Errors      Returns the location of a damaged record if its key is needed.
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

  // Sorts the claims of a list with this depth. Calls `superseded` for each claim that a newer one replaces; the entry
  // of that claim then becomes empty. Returns the location of a damaged record.
  std::optional<base::Location> Sort(std::span<Claim> claims, std::size_t depth,
                                     FunctionRef<void(const Claim&)> superseded);

 private:
  struct Group {
    std::span<Claim> claims;
    std::size_t depth;
  };

  void SortByHead(const Group& group, FunctionRef<void(const Claim&)> superseded);
  std::optional<base::Location> Deepen(Group* group) const;

  const KeySource& keys_;
  std::vector<Group> tied_;  // Still to be sorted, by deeper heads.
};

}  // namespace kvs::index
