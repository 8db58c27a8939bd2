#include "apps/torture/load/state.h"

#include <chrono>
#include <cstring>

#include "base/hash.h"
#include "base/random.h"

namespace kvs::torture {
namespace {

constexpr std::size_t kWordBytes = 8;
// The server may have read its clock so long before or after we have read ours.
constexpr std::int64_t kClockSlackMs = 200;

// Word 0 of a value is its generation, word 1 the hash of its key, and the others follow from both.
std::uint64_t WordOf(const Key& key, std::uint64_t generation, std::uint64_t word) {
  if (word == 0) return generation;
  if (word == 1) return base::Hash64(key.name);
  return base::Random(base::Hash64(key.name, generation) + word).Next();
}

bool MayBeGone(const State& state, const Window& window) {
  return state.ttl_ms != 0 && window.to_ms >= state.gone_from_ms - kClockSlackMs;
}

bool MayBeThere(const State& state, const Window& window) {
  return state.ttl_ms == 0 || state.gone_by_ms == kForever || window.from_ms <= state.gone_by_ms + kClockSlackMs;
}

}  // namespace

std::int64_t UnixMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string ValueOf(const Key& key, const State& state) { return ValueFrom(key, state, 0); }

std::string ValueFrom(const Key& key, const State& state, std::size_t begin) {
  if (key.kind == KeyKind::kCounter) return std::to_string(state.generation).substr(begin);
  std::string value;
  value.reserve(state.bytes + kWordBytes);
  for (std::size_t at = begin / kWordBytes; at * kWordBytes < state.bytes; ++at) {
    const std::uint64_t word = WordOf(key, state.generation, at);
    value.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  value.resize(value.empty() ? 0 : state.bytes - begin / kWordBytes * kWordBytes);
  value.erase(0, begin % kWordBytes);
  return value;
}

bool Fits(const Key& key, const State& state, std::optional<std::string_view> found, const Window& window) {
  if (state.generation == kUnknownGeneration) return true;
  if (!found) return state.generation == 0 || MayBeGone(state, window);
  if (state.generation == 0 || !MayBeThere(state, window)) return false;
  if (key.kind != KeyKind::kCounter && found->size() != state.bytes) return false;
  return ValueOf(key, state) == *found;
}

std::string DescribeState(const State& state) {
  if (state.generation == 0) return "no such key";
  if (state.generation == kUnknownGeneration) return "anything";
  std::string text = "generation " + std::to_string(state.generation) + ", " + std::to_string(state.bytes) + " bytes";
  if (state.ttl_ms != 0) {
    text += ", gone from " + std::to_string(state.gone_from_ms) + " on and by ";
    text += state.gone_by_ms == kForever ? "an unknown time" : std::to_string(state.gone_by_ms);
  }
  return text;
}

std::string DescribeFound(const Key& key, std::optional<std::string_view> found) {
  if (!found) return "no such key";
  std::string text = std::to_string(found->size()) + " bytes";
  if (key.kind == KeyKind::kCounter) return text + ": " + std::string(found->substr(0, 40));
  State claimed{.bytes = static_cast<std::uint32_t>(found->size())};
  if (found->size() < sizeof claimed.generation) return text;
  std::memcpy(&claimed.generation, found->data(), sizeof claimed.generation);
  const bool is_whole = ValueOf(key, claimed) == *found;
  return text + (is_whole ? ", a whole value of generation " : ", NOT a value of generation ") +
         std::to_string(claimed.generation);
}

}  // namespace kvs::torture
