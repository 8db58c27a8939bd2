// The writes of killed_closer before it closes its store, and therefore the contents that the test expects.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/try.h"
#include "kvs/kv_store.h"
#include "store/store.h"

namespace kvs::test {

// So many that the leaves of the index fill two of the pieces in which it is saved, and begin a third.
inline constexpr std::uint64_t kClosedKeys = 400'000;
inline constexpr std::uint64_t kChangedKeys = 500;

inline KvStoreOptions ClosedStoreOptions() {
  return {.sync = SyncPolicy::kNone, .segment_bytes = std::uint64_t{64} << 20};
}

inline std::string ClosedKey(std::uint64_t number) { return "key" + std::to_string(number * 7'919 % kClosedKeys); }

inline std::string ClosedValue(std::uint64_t generation, std::uint64_t number) {
  return std::to_string(generation) + "/" + std::to_string(number);
}

inline std::uint64_t FirstChanged(std::uint64_t generation) { return generation * kChangedKeys; }

// Generation 0 is every key. Each later one overwrites some, removes the one after them, and adds one of its own.
inline Status WriteGeneration(store::Store& store, std::uint64_t generation) {
  const std::uint64_t first = generation == 0 ? 0 : FirstChanged(generation);
  const std::uint64_t end = generation == 0 ? kClosedKeys : first + kChangedKeys - 1;
  for (std::uint64_t number = first; number < end; ++number) {
    KVS_TRY(store.Set(ClosedKey(number), ClosedValue(generation, number)));
  }
  if (generation == 0) return Ok();
  KVS_TRY(store.Remove(ClosedKey(end)));
  return store.Set("generation" + std::to_string(generation), "here");
}

inline void ExpectGeneration(std::uint64_t generation, std::map<std::string, std::string>* contents) {
  const std::uint64_t first = generation == 0 ? 0 : FirstChanged(generation);
  const std::uint64_t end = generation == 0 ? kClosedKeys : first + kChangedKeys - 1;
  for (std::uint64_t number = first; number < end; ++number) {
    (*contents)[ClosedKey(number)] = ClosedValue(generation, number);
  }
  if (generation == 0) return;
  contents->erase(ClosedKey(end));
  (*contents)["generation" + std::to_string(generation)] = "here";
}

}  // namespace kvs::test
