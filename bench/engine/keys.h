// Keys and values of the bench, made from the number of the pair so that each can be checked.
//
// Design      The key is 16 bytes, the hex digits of a bijective hash of the number. No two are equal, and numbers
//             in order give keys in random order. A value begins with the first eight bytes of its key; the rest is cut
//             from a pool of random bytes, which no compression makes smaller.
// Threads     Values: one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace kvs::bench {

inline constexpr std::size_t kKeyBytes = 16;

// The finalizer of SplitMix64: a bijection.
inline std::uint64_t Scramble(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

namespace internal {
constexpr std::array<char, 512> MakeHexPairs() {
  std::array<char, 512> pairs{};
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t byte = 0; byte < 256; ++byte) {
    pairs[2 * byte] = kDigits[byte >> 4];
    pairs[2 * byte + 1] = kDigits[byte & 15];
  }
  return pairs;
}
inline constexpr std::array<char, 512> kHexPairs = MakeHexPairs();
}  // namespace internal

class Key {
 public:
  Key() = default;
  explicit Key(std::uint64_t number) {
    std::uint64_t word = Scramble(number + 1);  // Nought would stay nought.
    for (std::size_t at = 0; at < kKeyBytes; at += 2, word <<= 8) {
      std::memcpy(bytes_.data() + at, internal::kHexPairs.data() + 2 * (word >> 56), 2);
    }
  }
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::array<char, kKeyBytes> bytes_;
};

inline std::uint64_t LeadOf(std::string_view key) {
  std::uint64_t lead = 0;
  std::memcpy(&lead, key.data(), sizeof lead);
  return lead;
}

class Values {
 public:
  Values(std::size_t value_bytes, std::uint64_t seed) : value_bytes_(value_bytes), pool_(kPoolBytes + value_bytes) {
    base::Random random(seed);
    for (std::size_t at = 0; at + 8 <= pool_.size(); at += 8) {
      const std::uint64_t word = random.Next();
      std::memcpy(pool_.data() + at, &word, sizeof word);
    }
  }

  // A value for `key`, another at each call; valid until the next.
  std::string_view Next(std::string_view key) {
    at_ = (at_ + kStep) % kPoolBytes;
    std::memcpy(pool_.data() + at_, key.data(), sizeof(std::uint64_t));
    return {pool_.data() + at_, value_bytes_};
  }

 private:
  static constexpr std::size_t kPoolBytes = std::size_t{64} << 10;
  static constexpr std::size_t kStep = 4'104;  // Meets each eighth byte of the pool before it comes round.

  const std::size_t value_bytes_;
  std::vector<char> pool_;
  std::size_t at_ = 0;
};

}  // namespace kvs::bench
