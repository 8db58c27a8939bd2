// A row promises to read members and functions of its source, and a value the text that INFO has for it.
#include "figures/figure.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace kvs::figures {
namespace {

struct Source {
  std::uint64_t count = 7;
  std::int64_t delta() const { return -3; }
};

TEST(FigureTest, ARowReadsAMemberOrAFunction) {
  const Figure<Source> member{{.name = "count", .kind = FigureKind::kCounter}, Of<&Source::count>};
  const Figure<Source> function{{.name = "delta", .kind = FigureKind::kGauge}, Of<&Source::delta>};
  EXPECT_EQ(member.read(Source{}).Text(), "7");
  EXPECT_EQ(function.read(Source{}).Text(), "-3");
}

TEST(FigureTest, IntegersAreWrittenWhole) {
  constexpr std::uint64_t kGreatest = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(FigureValue(kGreatest).Text(), "18446744073709551615");
  EXPECT_EQ(FigureValue(kGreatest).Integer(), kGreatest);
  EXPECT_EQ(FigureValue(5).Integer(), 5U);
}

TEST(FigureTest, FractionsHaveTheirDecimals) {
  EXPECT_EQ(FigureValue(1.005, 1).Text(), "1.0");
  EXPECT_EQ(FigureValue(3.0, 6).Text(), "3.000000");
}

TEST(FigureTest, TextsStayAsTheyAre) {
  EXPECT_EQ(FigureValue("ok").Text(), "ok");
  EXPECT_EQ(FigureValue(std::string("a b")).Text(), "a b");
  EXPECT_EQ(FigureValue(std::string_view()).Text(), "");
  EXPECT_TRUE(FigureValue("").is_there());
}

TEST(FigureTest, NothingIsNotThere) { EXPECT_FALSE(FigureValue().is_there()); }

TEST(FigureDeathTest, ATextIsNoInteger) { EXPECT_DEATH(FigureValue("7").Integer(), ""); }

}  // namespace
}  // namespace kvs::figures
