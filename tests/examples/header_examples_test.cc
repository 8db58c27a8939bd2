// Promised: the example at the head of each public header compiles unchanged, and its results are those in its
// comments. The build makes tests of them (extract.py), which run here, each in an empty directory.
#include <gtest/gtest.h>
#include <kvs/kvs.h>

#include <atomic>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "support/running_server.h"
#include "support/temporary_directory.h"

namespace {

class HeaderExample : public testing::Test {
 protected:
  HeaderExample() { std::filesystem::current_path(directory_.path()); }
  ~HeaderExample() override { std::filesystem::current_path(before_); }

  static void Report(const kvs::Error& error) { FAIL() << error.ToString(); }

 private:
  const std::filesystem::path before_ = std::filesystem::current_path();
  const kvs::test::TemporaryDirectory directory_;
  const kvs::test::RunningServer server_{*kvs::KvStore::Open(directory_.path() / "served"), {.threads = 1}};

 protected:
  const kvs::Address address = server_.address();
};

#include "header_examples.inc"

}  // namespace
