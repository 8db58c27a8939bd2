// The shapes of keys for tests of the index, common and unusual ones, and the seed.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/random.h"

namespace kvs::index {

// From the environment variable KVS_TEST_SEED, if it is set: a failure prints the value.
inline std::uint64_t TestSeed() {
  const char* const text = std::getenv("KVS_TEST_SEED");
  return text == nullptr ? 20'261'121 : std::strtoull(text, nullptr, 10);
}

enum class KeyShape { kHex, kUser, kTenant, kLongPrefix, kBinary, kNested, kFewBytes, kHuge };

inline const std::vector<KeyShape> kAllKeyShapes = {KeyShape::kHex,        KeyShape::kUser,   KeyShape::kTenant,
                                                    KeyShape::kLongPrefix, KeyShape::kBinary, KeyShape::kNested,
                                                    KeyShape::kFewBytes,   KeyShape::kHuge};

// The key with this number in a shape. The empty key is among kBinary and kNested.
inline std::string MakeKey(KeyShape shape, std::uint64_t number) {
  base::Random random(number);
  char text[96];
  switch (shape) {
    case KeyShape::kHex:
      std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(random.Next()));
      return text;
    case KeyShape::kUser: return "user:" + std::to_string(number);
    case KeyShape::kTenant:
      std::snprintf(text, sizeof text, "tenant%03u/object%012llu", static_cast<unsigned>(random.Below(300)),
                    static_cast<unsigned long long>(number));
      return text;
    case KeyShape::kLongPrefix:
      return "a/very/long/path/that/all/of/the/keys/have/in/common/" + std::to_string(random.Below(1'000'000)) + "/x";
    case KeyShape::kBinary: {
      std::string key(number % 11, '\0');
      for (char& byte : key) byte = random.OneIn(2) ? '\0' : static_cast<char>(random.Next());
      return key;
    }
    case KeyShape::kNested: return std::string(number % 4'000, number % 3 == 0 ? '\0' : 'n');
    case KeyShape::kFewBytes: {
      std::string key(random.Below(40), '\0');
      for (char& byte : key) byte = random.OneIn(2) ? '\xff' : '\0';
      return key;
    }
    case KeyShape::kHuge: return std::string(60'000, static_cast<char>(number % 2)) + std::to_string(number);
  }
  return {};
}

}  // namespace kvs::index
