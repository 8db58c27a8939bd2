// LeafReader: the owner's part in a scan. The index knows where the records of a leaf stand and wants their keys; the
// owner reads those records all together and keeps what it needs, so that none is looked at twice.
//
// Threads     Called by the thread that scans, which is pinned from a Read() to the end of the Visit() behind it.
// Errors      A record that cannot be trusted ends the scan before any record that was read with it is visited.
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

  // Reads and checks the records there: keys[i] becomes the key of the one at locations[i]. Returns the location of a
  // record that is damaged.
  virtual std::optional<base::Location> Read(std::span<const base::Location> locations,
                                             std::span<std::string_view> keys) = 0;

  // Visits records of those that were read last, by their places there, in the order of the scan. False: it is over.
  virtual bool Visit(std::span<const std::uint8_t> places) = 0;
};

}  // namespace kvs::index
