// LeafReader: reads the records of a leaf for a scan. The index has the locations of a leaf and needs the keys. The
// owner reads the records together and keeps what it needs, so that each is read once.
//
// Threads     The scanning thread calls it. It is pinned from a Read() to the end of the following Visit().
// Errors      A record that cannot be trusted ends the scan before any record read together with it is visited.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/location.h"

namespace kvs::index {

class LeafReader {
 public:
  virtual ~LeafReader() = default;

  // A hint: the records there will be read soon.
  virtual void Prefetch(std::span<const base::Location> locations) = 0;

  // Reads and checks the records. Returns the location of a damaged record.
  // keys: out, keys[i] is the key of the record at locations[i].
  virtual std::optional<base::Location> Read(std::span<const base::Location> locations,
                                             std::span<std::string_view> keys) = 0;

  // Visits records of the last Read() in scan order. places: in, indexes into that call's locations. False: the scan is
  // over.
  virtual bool Visit(std::span<const std::uint8_t> places) = 0;
};

}  // namespace kvs::index
