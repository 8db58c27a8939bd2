// GlobMatches promises Redis's patterns over any bytes, in time that no pattern can blow up.
#include "server/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace kvs::server {
namespace {

TEST(GlobTest, PatternsMatchAsInRedis) {
  struct Example {
    std::string_view pattern;
    std::string_view text;
    bool matches;
  };
  for (const Example& c : {Example{"", "", true},
                           Example{"", "a", false},
                           Example{"*", "", true},
                           Example{"a*", "abc", true},
                           Example{"*c", "abc", true},
                           Example{"a*b*c", "aXbYc", true},
                           Example{"a*b*c", "aXcYb", false},
                           Example{"a?c", "abc", true},
                           Example{"a?c", "ac", false},
                           Example{"[abc]", "b", true},
                           Example{"[^abc]", "b", false},
                           Example{"[^abc]", "d", true},
                           Example{"[a-c]", "b", true},
                           Example{"[c-a]", "b", true},
                           Example{"[a-c]x", "dx", false},
                           Example{"[\\]]", "]", true},
                           Example{"\\*", "*", true},
                           Example{"\\*", "a", false},
                           Example{"a\\", "a\\", true},
                           Example{"[abc", "b", true},
                           Example{"[]", "a", false},
                           Example{"ABC", "abc", false}}) {
    EXPECT_EQ(GlobMatches(c.pattern, c.text), c.matches) << c.pattern << " " << c.text;
  }
  EXPECT_TRUE(GlobMatches("A[B-C]?", "abc", Case::kInsensitive));
  EXPECT_TRUE(GlobMatches(std::string_view("a\0*", 3), std::string_view("a\0b", 3)));
}

TEST(GlobTest, ManyStarsTakeNoTimeThatGrowsWithThem) {
  std::string pattern;
  for (int i = 0; i < 1'000; ++i) pattern += "a*";
  EXPECT_FALSE(GlobMatches(pattern + "b", std::string(20'000, 'a')));
  EXPECT_FALSE(GlobMatches("a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(10'000, 'a')));
}

TEST(GlobTest, ThePrefixIsWhatEveryMatchBeginsWith) {
  EXPECT_EQ(GlobPrefix("user:1*"), "user:1");
  EXPECT_EQ(GlobPrefix("a\\*b?c"), "a*b");
  EXPECT_EQ(GlobPrefix("*"), "");
  EXPECT_EQ(GlobPrefix("a[bc]"), "a");
  EXPECT_EQ(GlobPrefix("plain"), "plain");
}

}  // namespace
}  // namespace kvs::server
