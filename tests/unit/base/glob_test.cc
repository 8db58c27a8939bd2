// Promised: Redis's patterns over any bytes, in time linear in the text for every pattern. Random patterns are compared
// with the matcher that Redis describes, which tries one place after the other. KVS_TEST_SEED replays them.
#include "base/glob.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/letters.h"
#include "base/random.h"
#include "support/test_seed.h"

namespace kvs::base {
namespace {

bool Matches(std::string_view pattern, std::string_view text, Case letters = Case::kSensitive) {
  const auto glob = Glob::Parse(pattern, letters);
  EXPECT_TRUE(glob.has_value());
  return glob && glob->Matches(text);
}

// `text`, so many times.
struct Piece {
  std::string_view text;
  std::size_t times;
};

std::string Written(const std::vector<Piece>& pieces) {
  std::string written;
  for (const Piece& piece : pieces) {
    for (std::size_t i = 0; i < piece.times; ++i) written += piece.text;
  }
  return written;
}

bool IsTaken(const std::vector<Piece>& pieces) { return Glob::Parse(Written(pieces)).has_value(); }

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
                           Example{"ABC", "abc", false},
                           Example{"ab*ba", "aba", false},
                           Example{"*a?*?b*", "xa12b", true},
                           Example{"*a?*?b*", "xa1b", false}}) {
    EXPECT_EQ(Matches(c.pattern, c.text), c.matches) << c.pattern << " " << c.text;
  }
  EXPECT_TRUE(Matches("A[B-C]?", "abc", Case::kInsensitive));
  EXPECT_TRUE(Matches(std::string_view("a\0*", 3), std::string_view("a\0b", 3)));
}

// The matcher of Redis in its plainest form.
class PlainMatcher {
 public:
  PlainMatcher(std::string_view pattern, Case letters) : pattern_(pattern), letters_(letters) {}

  bool Matches(std::string_view text) const {
    std::optional<std::pair<std::size_t, std::size_t>> star;  // The places after it in the pattern and in the text.
    std::size_t at = 0;
    std::size_t text_at = 0;
    while (text_at < text.size()) {
      if (at < pattern_.size() && pattern_[at] == '*') {
        star = {++at, text_at};
      } else if (at < pattern_.size() && ElementMatches(&at, text[text_at])) {
        ++text_at;
      } else if (star) {
        at = star->first;
        text_at = ++star->second;
      } else {
        return false;
      }
    }
    while (at < pattern_.size() && pattern_[at] == '*') ++at;
    return at == pattern_.size();
  }

 private:
  int Fold(char c) const { return static_cast<unsigned char>(letters_ == Case::kInsensitive ? ToLower(c) : c); }

  bool ClassMatches(std::size_t* at, char c) const {
    const bool is_negated = *at < pattern_.size() && pattern_[*at] == '^';
    if (is_negated) ++*at;
    bool is_in = false;
    while (*at < pattern_.size() && pattern_[*at] != ']') {
      const std::string_view rest = pattern_.substr(*at);
      if (rest.size() >= 2 && rest[0] == '\\') {
        is_in = is_in || Fold(rest[1]) == Fold(c);
        *at += 2;
      } else if (rest.size() >= 3 && rest[1] == '-') {
        const auto [low, high] = std::minmax({Fold(rest[0]), Fold(rest[2])});
        is_in = is_in || (low <= Fold(c) && Fold(c) <= high);
        *at += 3;
      } else {
        is_in = is_in || Fold(rest[0]) == Fold(c);
        ++*at;
      }
    }
    if (*at < pattern_.size()) ++*at;
    return is_in != is_negated;
  }

  // Steps over the element if it matches.
  bool ElementMatches(std::size_t* at, char c) const {
    std::size_t next = *at + 1;
    bool matches = false;
    switch (pattern_[*at]) {
      case '?': matches = true; break;
      case '[': matches = ClassMatches(&next, c); break;
      case '\\':
        if (next < pattern_.size()) ++next;
        matches = Fold(pattern_[next - 1]) == Fold(c);
        break;
      default: matches = Fold(pattern_[*at]) == Fold(c);
    }
    if (matches) *at = next;
    return matches;
  }

  const std::string_view pattern_;
  const Case letters_;
};

std::string RandomFrom(std::string_view bytes, std::size_t size, base::Random& random) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += bytes[random.Below(bytes.size())];
  return text;
}

TEST(GlobTest, RandomPatternsMatchAsThePlainMatcherSays) {
  const std::uint64_t seed = test::TestSeed(7);
  SCOPED_TRACE(test::SeedTrace(seed));
  base::Random random(seed);
  std::size_t matches = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Case letters = random.OneIn(4) ? Case::kInsensitive : Case::kSensitive;
    const std::string pattern = RandomFrom("aab**?[]^-\\B\xff", random.Below(12), random);
    const std::string text = RandomFrom("aaab-]\\^AB\xff", random.Below(14), random);
    const bool expected = PlainMatcher(pattern, letters).Matches(text);
    ASSERT_EQ(Matches(pattern, text, letters), expected) << pattern << " " << text;
    matches += expected ? 1 : 0;
  }
  EXPECT_GT(matches, 1'000U);
}

// Each of these takes minutes if a pattern's bytes are multiplied with those of the text.
TEST(GlobTest, NoPatternTakesMoreThanLinearTime) {
  const std::string text(60'000, 'a');
  const std::vector<std::vector<Piece>> patterns = {
      {{"a*", 60'000}, {"b", 1}},
      {{"*", 1}, {"a", 40'000}, {"b", 1}},
      {{"*", 1}, {"a", 40'000}, {"b*", 1}},
      {{"*", 1}, {"a", 20'000}, {"b", 1}, {"a", 20'000}, {"*", 1}},
      {{"*", 1}, {"?", 60'001}, {"*", 1}},
      {{"*?", 50'000}, {"b", 1}},
      {{"*", 1}, {"?", 63}, {"b*", 1}},
      {{"*", 1}, {"[a-y]", 63}, {"z*", 1}},
      {{"*?a", 64}, {"*b*", 1}},
      {{"?", 50'000}, {"b", 1}},
      {{"[", 1}, {"b", 50'000}, {"]*", 1}},
  };
  for (const std::vector<Piece>& pieces : patterns) {
    const std::string pattern = Written(pieces);
    const auto glob = Glob::Parse(pattern);
    ASSERT_TRUE(glob.has_value()) << pattern.substr(0, 20);
    for (int i = 0; i < 20; ++i) ASSERT_FALSE(glob->Matches(text)) << pattern.substr(0, 20);
  }
}

TEST(GlobTest, PatternsOverALimitAreRefused) {
  EXPECT_TRUE(Matches(Written({{"\\*", 65'535}}), std::string(65'535, '*')));  // Any key, escaped.
  EXPECT_FALSE(IsTaken({{"a", Glob::kPatternBytesMax + 1}}));
  EXPECT_TRUE(IsTaken({{"[ab]", Glob::kClassesMax}}));
  EXPECT_FALSE(IsTaken({{"[ab]", Glob::kClassesMax + 1}}));
  EXPECT_TRUE(IsTaken({{"*", 1}, {"?", 63}, {"a*", 1}}));
  EXPECT_FALSE(IsTaken({{"*", 1}, {"?", 64}, {"a*", 1}}));
  EXPECT_TRUE(IsTaken({{"?", 1'000}, {"a*", 1}, {"?", 1'000}, {"a", 1}}));
  EXPECT_FALSE(IsTaken({{"*a?", Glob::kMixedPartsMax + 1}, {"*", 1}}));
}

TEST(GlobTest, EveryMatchBeginsWithThePrefix) {
  const auto prefix = [](std::string_view pattern) { return Glob::Parse(pattern)->prefix(); };
  EXPECT_EQ(prefix("user:1*"), "user:1");
  EXPECT_EQ(prefix("a\\*b?c"), "a*b");
  EXPECT_EQ(prefix("*"), "");
  EXPECT_EQ(prefix("a[bc]"), "a");
  EXPECT_EQ(prefix("plain"), "plain");
}

}  // namespace
}  // namespace kvs::base
