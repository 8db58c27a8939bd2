// Promised: a setting takes the values of its form, each in one spelling. It refuses all others with a message that
// names the allowed values. The tests ask each form for its bounds and for the next values outside them.
#include "settings/setting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace kvs::settings {
namespace {

using testing::HasSubstr;

Setting Of(Form form) {
  return {.name = "a-name", .kind = Kind::kLive, .form = form, .first_value = "", .low = 2, .high = 4'096};
}

void ExpectTaken(const Setting& setting, std::string_view value, std::string_view kept) {
  const Result<std::string> checked = CheckValue(setting, value);
  ASSERT_TRUE(checked.has_value()) << value << ": " << checked.error().context;
  EXPECT_EQ(*checked, kept);
}

void ExpectRefused(const Setting& setting, std::string_view value, const std::string& words) {
  const Result<std::string> checked = CheckValue(setting, value);
  ASSERT_FALSE(checked.has_value()) << value;
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(checked.error().context, HasSubstr(words));
}

TEST(SettingTest, NumbersAreTakenWithinTheirBounds) {
  const Setting number = Of(Form::kNumber);
  ExpectTaken(number, "2", "2");
  ExpectTaken(number, "4096", "4096");
  for (const char* value : {"1", "4097", "-3"}) ExpectRefused(number, value, "between 2 and 4096");
  for (const char* value : {"", "two", "3 ", "0x3", "3.0", "99999999999999999999"}) {
    ExpectRefused(number, value, "integer");
  }
}

TEST(SettingTest, MemoryIsKeptInBytes) {
  const Setting memory = Of(Form::kMemory);
  ExpectTaken(memory, "2kb", "2048");
  ExpectTaken(memory, "2K", "2000");
  ExpectTaken(memory, "17b", "17");
  ExpectRefused(memory, "1mb", "between 2 and 4096");
  for (const char* value : {"", "kb", "1 kb", "-1", "1.5kb", "9223372036854775807gb"}) {
    ExpectRefused(memory, value, "memory value");
  }
}

TEST(SettingTest, FlagsAndChoicesAreWords) {
  ExpectTaken(Of(Form::kFlag), "YES", "yes");
  ExpectRefused(Of(Form::kFlag), "true", "'yes' or 'no'");
  Setting choice = Of(Form::kChoice);
  choice.choices = "none naive queue";
  ExpectTaken(choice, "Naive", "naive");
  for (const char* value : {"", "naive queue", "na"}) ExpectRefused(choice, value, "none, naive, queue");
}

TEST(SettingTest, AddressesAndModesAreChecked) {
  Setting address = Of(Form::kAddress);
  ExpectTaken(address, "[::1]:4000", "[::1]:4000");
  ExpectTaken(address, "", "");
  ExpectRefused(address, "localhost:1", "IP:PORT");
  address.first_value = "127.0.0.1:4000";
  ExpectRefused(address, "", "IP:PORT");
  ExpectTaken(Of(Form::kMode), "700", "700");
  for (const char* value : {"", "7", "0700", "778", "rwx"}) ExpectRefused(Of(Form::kMode), value, "octal");
}

TEST(SettingTest, ValuesOfEachFormAreNumbers) {
  EXPECT_EQ(NumberOf(Of(Form::kNumber), "-1"), -1);
  EXPECT_EQ(NumberOf(Of(Form::kMemory), "2048"), 2'048);
  EXPECT_EQ(NumberOf(Of(Form::kShare), "4096"), 4'096);
  EXPECT_EQ(NumberOf(Of(Form::kShare), "50%"), 10 * NumberOf(Of(Form::kShare), "5%"));
  EXPECT_EQ(NumberOf(Of(Form::kMode), "750"), 0750);
  EXPECT_EQ(NumberOf(Of(Form::kFlag), "yes"), 1);
  EXPECT_EQ(NumberOf(Of(Form::kFlag), "no"), 0);
  EXPECT_EQ(NumberOf(Of(Form::kText), "secret"), 1);
  EXPECT_EQ(NumberOf(Of(Form::kText), ""), 0);
  Setting choice = Of(Form::kChoice);
  choice.choices = "none naive queue";
  EXPECT_EQ(NumberOf(choice, "queue"), 2);
}

TEST(SettingTest, NamesOfTheEnvironmentAreInCapitals) { EXPECT_EQ(EnvironmentName(Of(Form::kText)), "KVS_A_NAME"); }

}  // namespace
}  // namespace kvs::settings
