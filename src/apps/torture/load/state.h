// State: the contents of a key, in a few numbers, so that a model of a whole store is small. The bytes follow from
// them.
//
// Design      A value is the beginning of an endless stream that its key and its generation determine; its first words
//             name both. An APPEND makes the beginning longer. So a value proves which write made it, and an older
//             one, a torn one, and one of another key are told apart. A counter is its number in digits.
// Invariants  Two writes of a key have different generations, unless a counter was removed between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvs::torture {

enum class KeyKind : std::uint8_t { kPlain, kCounter, kExpiring };

struct State {
  std::uint64_t generation = 0;  // 0: no such key. Of a counter: its number.
  std::uint32_t bytes = 0;       // Of the value; not of a counter.
  std::int64_t ttl_ms = 0;       // 0: never expires. Otherwise it expires between the next two, in Unix time.
  std::int64_t gone_from_ms = 0;
  std::int64_t gone_by_ms = 0;  // kForever while the write has not been answered.
};

inline constexpr std::int64_t kForever = INT64_MAX;
// A key with a value that no write made: reported once, then its contents are taken for right.
inline constexpr std::uint64_t kUnknownGeneration = UINT64_MAX;

// When a value was read, in Unix time: after `from_ms`, before `to_ms`.
struct Window {
  std::int64_t from_ms;
  std::int64_t to_ms;
};
std::int64_t UnixMs();

struct Key {
  std::string name;
  KeyKind kind;
};

std::string ValueOf(const Key& key, const State& state);

// The bytes of that value from `begin` on, which an APPEND adds.
std::string ValueFrom(const Key& key, const State& state, std::size_t begin);

// Whether a read within `window` that found `found` (nullopt: no such key) can have seen `state`.
bool Fits(const Key& key, const State& state, std::optional<std::string_view> found, const Window& window);

// For people.
std::string DescribeState(const State& state);
std::string DescribeFound(const Key& key, std::optional<std::string_view> found);

}  // namespace kvs::torture
