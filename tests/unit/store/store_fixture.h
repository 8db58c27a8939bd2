// StoreFixture: a store in a directory of its own, and calls that several tests of the store share.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"
#include "support/comes_true.h"
#include "support/temporary_directory.h"

namespace kvs::store {

using test::ComesTrue;

// Succeeds, or shows the error.
inline testing::AssertionResult IsOk(const Status& status) {
  if (status) return testing::AssertionSuccess();
  return testing::AssertionFailure() << status.error().ToString();
}

template <class T>
testing::AssertionResult IsOk(const Result<T>& result) {
  if (result) return testing::AssertionSuccess();
  return testing::AssertionFailure() << result.error().ToString();
}

template <class T>
testing::AssertionResult Fails(const Result<T>& result, ErrorCode code) {
  if (result) return testing::AssertionFailure() << "it succeeded";
  if (result.error().code == code) return testing::AssertionSuccess();
  return testing::AssertionFailure() << result.error().ToString();
}

class StoreFixture : public testing::Test {
 protected:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  // Nothing happens unless a test asks for it.
  static KvStoreOptions SmallSegments() { return {.sync = SyncPolicy::kNone, .segment_bytes = std::uint64_t{1} << 20}; }

  void Open(io::FileSystem& files = io::PosixFileSystem()) { OpenWith(ExpiryClock::SystemSources(), files); }
  void OpenWith(const ExpiryClock::Sources& clocks, io::FileSystem& files = io::PosixFileSystem()) {
    store_.reset();
    auto opened = Store::Open(files, directory_.path(), options_, clocks);
    ASSERT_TRUE(IsOk(opened));
    store_ = std::move(*opened);
  }

  // From now on Log() has the lines that the store logs.
  void KeepLog() {
    options_.log = [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      log_.append(line).append("\n");
    };
  }
  std::string Log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  // The value of `key`; "(none)" if there is none, "(error) ..." if it cannot be read.
  std::string Get(std::string_view key) {
    const auto value = store_->Get(key);
    if (!value) return "(error) " + value.error().ToString();
    return value->value_or("(none)");
  }

  Pairs Scan(const ScanRange& range) {
    Pairs pairs;
    EXPECT_TRUE(IsOk(store_->Scan(range, [&](std::string_view key, std::string_view value) {
      pairs.emplace_back(key, value);
      return true;
    })));
    return pairs;
  }

  // The files of the store by name, in order.
  std::vector<std::filesystem::path> Files(std::string_view extension) const {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      if (entry.path().extension() == extension) paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  std::uint64_t DiskBytes() const {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      struct stat status {};
      if (entry.path().stem() == "RESERVE") continue;  // Beside the bound.
      if (::stat(entry.path().c_str(), &status) != 0) continue;
      bytes += std::max(static_cast<std::uint64_t>(status.st_size), static_cast<std::uint64_t>(status.st_blocks) * 512);
    }
    return bytes;
  }

  test::TemporaryDirectory directory_;
  KvStoreOptions options_ = SmallSegments();

 private:
  std::mutex mutex_;
  std::string log_;  // Guarded by mutex_.

 protected:
  std::unique_ptr<Store> store_;  // Last: it logs until its end.
};

}  // namespace kvs::store
