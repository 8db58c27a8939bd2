// Shared by the crash tests: a scratch directory, the seed, and a reader of the whole store.
//
// KVS_TEST_SEED replays a run; KVS_CRASH_ROUNDS (default 1) repeats every random test with that many seeds.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/try.h"
#include "store/store.h"
#include "support/temporary_directory.h"

namespace kvs::test {

inline std::uint64_t NumberFromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* const text = ::getenv(name);
  if (text == nullptr) return otherwise;
  const std::string_view digits(text);
  std::uint64_t number = otherwise;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

inline std::uint64_t TestSeed() { return NumberFromEnvironment("KVS_TEST_SEED", 20'261'121); }
inline std::uint64_t Rounds() { return NumberFromEnvironment("KVS_CRASH_ROUNDS", 1); }

// Small segments, and only the syncs that the test asks for.
inline KvStoreOptions SmallStore(SyncPolicy sync) {
  return {.sync = sync, .sync_interval = std::chrono::hours(1), .segment_bytes = std::uint64_t{1} << 20};
}

using Contents = std::map<std::string, std::string>;

inline Result<Contents> ReadAll(store::Store& store) {
  Contents contents;
  KVS_TRY(store.Scan({}, [&](std::string_view key, std::string_view value) {
    contents.emplace(key, value);
    return true;
  }));
  for (const auto& [key, value] : contents) {
    KVS_TRY_ASSIGN(const auto found, store.Get(key));
    EXPECT_EQ(found, value) << "Get() and Scan() differ on " << key;
  }
  return contents;
}

// Whether a set succeeds soon: a store that is full asks for room twice a second by itself.
inline bool ResumesSoon(store::Store& store, const std::string& key, const std::string& value) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < deadline) {
    if (store.Set(key, value)) return true;
    std::this_thread::yield();
  }
  return false;
}

inline std::string TextOf(const Status& status) { return status ? "ok" : status.error().ToString(); }

}  // namespace kvs::test
