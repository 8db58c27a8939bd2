// The two ways to drive a server, for tests that hold in both.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "kvs/server.h"
#include "support/memory_engine.h"
#include "support/tiny_pool.h"

namespace kvs::test {

enum class Mode { kDirect, kPooled };

inline void PrintTo(Mode mode, std::ostream* out) { *out << (mode == Mode::kDirect ? "Direct" : "Pooled"); }

inline ServerOptions OptionsOf(Mode mode) {
  ServerOptions options;
  options.threads = 3;
  if (mode == Mode::kPooled) options.pool = std::make_shared<TinyPool>(3);
  return options;
}

class ServerModesTest : public testing::TestWithParam<Mode> {
 protected:
  static ServerOptions Options() { return OptionsOf(GetParam()); }

  const std::shared_ptr<MemoryEngine> engine_ = std::make_shared<MemoryEngine>();
};

inline std::string ModeName(const testing::TestParamInfo<Mode>& info) { return testing::PrintToString(info.param); }

}  // namespace kvs::test
