// The engines that a test runs over, including those that this build lacks. A test skips an engine that is missing.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "registry/engine_table.h"

namespace kvs::test {

inline std::vector<std::string> AllEngineNames() {
  std::vector<std::string> names;
  for (const registry::EngineEntry& entry : registry::EngineTable()) names.emplace_back(entry.name);
  return names;
}

inline std::vector<std::string> EngineNamesBut(const std::string& name) {
  std::vector<std::string> names = AllEngineNames();
  std::erase(names, name);
  return names;
}

#define KVS_SKIP_WITHOUT(engine)                                                         \
  if (const Status built_in = registry::FindEngine(engine)->check_built_in(); !built_in) \
  GTEST_SKIP() << built_in.error().ToString()

}  // namespace kvs::test
