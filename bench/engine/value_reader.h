// ValueReader: reads values as a user does, whole.
//
// Design      It copies each value to room of its own. A store that returns a pointer into its map, and one that has
//             touched every byte before it returns, are so asked for the same.
// Threads     One at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

namespace kvs::bench {

// What the bench checks of a value.
struct Sighting {
  static constexpr std::size_t kAbsent = std::numeric_limits<std::size_t>::max();
  std::size_t bytes = kAbsent;
  std::uint64_t lead = 0;  // The first bytes, up to eight of them.
};

class ValueReader {
 public:
  Sighting Read(const void* value, std::size_t bytes) {
    if (bytes > room_.size()) room_.resize(bytes);
    std::memcpy(room_.data(), value, bytes);
    Sighting seen{bytes, 0};
    std::memcpy(&seen.lead, room_.data(), std::min(bytes, sizeof seen.lead));
    return seen;
  }
  Sighting Read(std::string_view value) { return Read(value.data(), value.size()); }

  // The bytes of the latest value, and perhaps more after them.
  const char* copy() const { return room_.data(); }

 private:
  std::vector<char> room_ = std::vector<char>(sizeof(std::uint64_t));
};

}  // namespace kvs::bench
