// PendingBatch: what the keys of a batch pointed at before it, while the batch is being published.
//
// A batch changes several index entries, one after the other. Until the last one is changed, readers who meet one of
// its keys take the location from here, so that they see all of the batch or nothing: the store that takes the
// PendingBatch away makes the batch visible. Readers never wait.
//
// Threads     Built by the writer; immutable once published. Readers use it under an epoch pin.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/location.h"

namespace kvs::store {

class PendingBatch {
 public:
  // The first call for a key counts: that is what was there before the batch. `location` none: there was nothing.
  void Add(std::string_view key, base::Location location) { before_.try_emplace(key, location); }

  // Where `key` pointed before the batch (none: nowhere); nullopt: it is not in the batch.
  std::optional<base::Location> Find(std::string_view key) const {
    const auto at = before_.find(key);
    if (at == before_.end()) return std::nullopt;
    return at->second;
  }

 private:
  std::unordered_map<std::string_view, base::Location> before_;  // The keys are views into the batch's record.
};

}  // namespace kvs::store
