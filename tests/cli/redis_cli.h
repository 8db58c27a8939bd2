// redis-cli, if it is installed.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/child_process.h"

namespace kvs::test {

inline constexpr const char* kRedisCli = "/usr/bin/redis-cli";

inline Outcome RedisCli(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), kRedisCli);
  return RunProgram(std::move(arguments));
}

#define KVS_SKIP_WITHOUT_REDIS_CLI() \
  if (!std::filesystem::exists(kRedisCli)) GTEST_SKIP() << "redis-cli is not installed"

}  // namespace kvs::test
