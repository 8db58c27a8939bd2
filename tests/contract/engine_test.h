// EngineTest: one suite for every engine. Each test runs once for each engine that this build has.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "kvs/engine.h"
#include "kvs/open_engine.h"
#include "support/engine_names.h"
#include "support/temporary_directory.h"

namespace kvs::test {

// A Status or Result for EXPECT_EQ: "ok", or the name of the error's code.
template <class T>
std::string CodeOf(const Result<T>& result) {
  return result ? "ok" : std::string(ErrorCodeName(result.error().code));
}

class EngineTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    KVS_SKIP_WITHOUT(GetParam());
    Open();
  }

  void Open() {
    Result<std::shared_ptr<KvsEngine>> engine = OpenEngine(GetParam(), directory_.path());
    ASSERT_TRUE(engine) << engine.error().ToString();
    engine_ = *std::move(engine);
  }
  void Reopen() {
    engine_.reset();
    Open();
  }

  // "value", or "(absent)", or the error in angle brackets: one line for a test to compare.
  std::string Get(std::string_view key) {
    const Result<std::optional<std::string>> value = engine_->Get(key);
    if (!value) return "<" + value.error().ToString() + ">";
    return value->value_or("(absent)");
  }

  TemporaryDirectory directory_;
  std::shared_ptr<KvsEngine> engine_;
};

#define KVS_FOR_EACH_ENGINE(suite)                                              \
  INSTANTIATE_TEST_SUITE_P(Engines, suite, testing::ValuesIn(AllEngineNames()), \
                           [](const auto& instance) { return instance.param; })

}  // namespace kvs::test
