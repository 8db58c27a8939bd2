// Damage: a small store with every kind of file, for tests that change its bytes. Its files are taken and put back, and
// it is checked that a reader gets the right value or is told of the damage.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crash/crash_test.h"

namespace kvs::test {

namespace fs = std::filesystem;

inline std::string BytesOf(const fs::path& path) {
  auto bytes = io::PosixFileSystem().ReadFile(path, std::size_t{64} << 20);
  KVS_CHECK(bytes.has_value());
  return *std::move(bytes);
}

inline void Put(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

using Files = std::map<std::string, std::string>;

inline Files FilesOf(const fs::path& directory) {
  Files files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    if (name != "LOCK" && !name.starts_with("RESERVE")) files[entry.path().filename()] = BytesOf(entry.path());
  }
  return files;
}

inline void Restore(const Files& files, const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory)) fs::remove(entry.path());
  for (const auto& [name, bytes] : files) Put(directory / name, bytes);
}

// The files stay the same to the page cache, as when only the process has died.
inline void RestoreInPlace(const Files& files, const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (!files.contains(entry.path().filename())) fs::remove(entry.path());
  }
  for (const auto& [name, bytes] : files) Put(directory / name, bytes);
}

// After its last record an open segment has a long run of zeroes, in which all bytes are alike.
inline std::size_t UsedBytes(const std::string& bytes) { return bytes.find_last_not_of('\0') + 1; }

class Damage : public testing::Test {
 protected:
  static Result<std::unique_ptr<store::Store>> Open(const fs::path& directory) {
    return store::Store::Open(io::PosixFileSystem(), directory, SmallStore(SyncPolicy::kInterval));
  }

  // A store with all kinds of files and records. Its contents are in contents_, and "gone..." was removed.
  void MakeStore(const fs::path& directory) {
    auto opened = Open(directory);
    ASSERT_TRUE(opened) << opened.error().ToString();
    store::Store& store = **opened;
    Put(store, "long", std::string(900, 'l'));
    for (int i = 0; i < 8; ++i) Put(store, "sealed" + std::to_string(i), std::string(60, 's'));
    Put(store, "gone1", "soon");
    ASSERT_TRUE(store.Compact());
    Put(store, "sealed3", "a newer value");
    ASSERT_TRUE(store.Remove("gone1"));
    WriteBatch batch;
    for (int i = 0; i < 3; ++i) batch.Set("batch" + std::to_string(i), "member");
    batch.Remove("sealed4");
    ASSERT_TRUE(store.Write(batch));
    for (int i = 0; i < 3; ++i) contents_["batch" + std::to_string(i)] = "member";
    contents_.erase("sealed4");
    ASSERT_TRUE(store.Compact());
    Put(store, "sealed5", "newer too");
    Put(store, "open1", std::string(50, 'o'));
    Put(store, "gone2", "soon");
    ASSERT_TRUE(store.Remove("gone2"));
    ASSERT_TRUE(store.Remove("sealed6"));
    contents_.erase("sealed6");
  }

  void Put(store::Store& store, const std::string& key, const std::string& value) {
    const Status status = store.Set(key, value);
    ASSERT_TRUE(status) << status.error().ToString();
    if (!key.starts_with("gone")) contents_[key] = value;
  }
  void Put(const fs::path& path, std::string_view bytes) { test::Put(path, bytes); }

  // The store is as it was, or says that it is damaged.
  void CheckNeverWrong(const fs::path& directory) {
    auto store = Open(directory);
    if (!store) return CheckIsDamage(store.error());
    for (const auto& [key, value] : contents_) {
      const auto found = (*store)->Get(key);
      if (!found) {
        CheckIsDamage(found.error());
      } else {
        EXPECT_EQ(*found, value) << key;
      }
    }
    for (const std::string key : {"gone1", "gone2", "sealed4", "sealed6", "never"}) {
      const auto found = (*store)->Get(key);
      if (!found) {
        CheckIsDamage(found.error());
      } else {
        EXPECT_EQ(*found, std::nullopt) << key;
      }
    }
    CheckManyNeverWrong(**store);
    auto expected = contents_.begin();
    const Status scanned = (*store)->Scan({}, [&](std::string_view key, std::string_view value) {
      EXPECT_TRUE(expected != contents_.end() && expected->first == key && expected->second == value) << key;
      if (expected != contents_.end()) ++expected;
      return !HasFailure();
    });
    if (!scanned) return CheckIsDamage(scanned.error());
    EXPECT_EQ(expected, contents_.end()) << "the scan ended early and without an error";
  }

  // The same for reading all of them in one call, and some that were never there.
  void CheckManyNeverWrong(store::Store& store) {
    std::vector<std::string_view> keys{"gone1", "gone2", "sealed4", "sealed6", "never"};
    for (const auto& [key, value] : contents_) keys.push_back(key);
    std::vector<int> visits(keys.size());
    const Status status = store.MultiGet(keys, [&](std::size_t i, std::optional<std::string_view> value) {
      ++visits[i];
      const auto at = contents_.find(std::string(keys[i]));
      EXPECT_EQ(value.has_value(), at != contents_.end()) << keys[i];
      if (value && at != contents_.end()) {
        EXPECT_EQ(*value, at->second);
      }
    });
    if (!status) return CheckIsDamage(status.error());
    EXPECT_THAT(visits, testing::Each(1));
  }

  static void CheckIsDamage(const Error& error) {
    EXPECT_TRUE(error.code == ErrorCode::kCorruption || error.code == ErrorCode::kUnsupported) << error.ToString();
    EXPECT_THAT(error.context, testing::Not(testing::IsEmpty()));
  }

  const ScratchDirectory scratch_;
  Contents contents_;
};

}  // namespace kvs::test
