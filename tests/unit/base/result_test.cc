// Promised: a Result holds a value or an Error, and an Error is one clear line for a person. The test makes both, and
// pins the numbers of the codes, because clients of older versions know them.
#include "kvs/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <type_traits>

namespace kvs {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return Error{ErrorCode::kInvalidArgument};
  return number / 2;
}

TEST(ResultTest, HoldsAValueOrAnError) {
  const Result<int> good = Half(4);
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(*good, 2);
  const Result<int> bad = Half(3);
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, ErrorCode::kInvalidArgument);
}

TEST(ResultTest, CarriesATypeThatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
}

TEST(StatusTest, OkIsAValueAndAnErrorIsNot) {
  EXPECT_TRUE(Ok().has_value());
  const Status failed = Error{.code = ErrorCode::kIo, .sys_errno = ENOSPC, .context = "write"};
  EXPECT_FALSE(failed.has_value());
}

TEST(ErrorTest, ReadsAsOneLineWithCodeContextAndSystemText) {
  EXPECT_EQ((Error{ErrorCode::kKeyNotFound}.ToString()), "key not found");
  EXPECT_EQ((Error{.code = ErrorCode::kCorruption, .context = "000007.seg offset=8192"}.ToString()),
            "corruption: 000007.seg offset=8192");
  EXPECT_EQ((Error{.code = ErrorCode::kIo, .sys_errno = ENOENT, .context = "open data"}.ToString()),
            "input/output error: open data: No such file or directory");
}

TEST(ErrorCodeTest, NumbersAndNamesArePinned) {
  const char* const names[] = {"key not found", "invalid argument", "corruption", "input/output error",
                               "poisoned",      "unsupported",      "in use",     "wrong engine",
                               "no space",      "protocol error",   "timeout",    "overloaded",
                               "cancelled"};
  std::uint8_t number = 1;
  for (const char* name : names) EXPECT_EQ(ErrorCodeName(static_cast<ErrorCode>(number++)), name);
  EXPECT_EQ(ErrorCodeName(static_cast<ErrorCode>(0)), "unknown error");
  EXPECT_EQ(ErrorCodeName(static_cast<ErrorCode>(number)), "unknown error");
}

}  // namespace
}  // namespace kvs
