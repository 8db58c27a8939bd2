// For any pattern and text: Glob agrees with the definition, written down as a recursion, and every match begins with
// its prefix. The first byte of the input is the length of the pattern.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/glob.h"

namespace kvs::base {
namespace {

constexpr std::size_t kPatternBytesMax = 14;  // The recursion takes exponential time.
constexpr std::size_t kTextBytesMax = 14;

// The class after a '[' at the begin of `pattern`, which is taken off.
bool TakeClass(std::string_view* pattern, char c) {
  pattern->remove_prefix(1);
  const bool is_negated = pattern->starts_with('^');
  if (is_negated) pattern->remove_prefix(1);
  bool is_in = false;
  while (!pattern->empty() && pattern->front() != ']') {
    if (pattern->front() == '\\' && pattern->size() >= 2) {
      is_in = is_in || (*pattern)[1] == c;
      pattern->remove_prefix(2);
    } else if (pattern->size() >= 3 && (*pattern)[1] == '-') {
      const auto low = static_cast<unsigned char>((*pattern)[0]);
      const auto high = static_cast<unsigned char>((*pattern)[2]);
      const auto byte = static_cast<unsigned char>(c);
      is_in = is_in || (byte >= std::min(low, high) && byte <= std::max(low, high));
      pattern->remove_prefix(3);
    } else {
      is_in = is_in || pattern->front() == c;
      pattern->remove_prefix(1);
    }
  }
  if (!pattern->empty()) pattern->remove_prefix(1);
  return is_in != is_negated;
}

bool MatchesByDefinition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    for (std::size_t taken = 0; taken <= text.size(); ++taken) {
      if (MatchesByDefinition(pattern.substr(1), text.substr(taken))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  if (pattern.front() == '[') {
    return TakeClass(&pattern, text.front()) && MatchesByDefinition(pattern, text.substr(1));
  }
  if (pattern.front() == '\\' && pattern.size() >= 2) {
    pattern.remove_prefix(1);
  } else if (pattern.front() == '?') {
    return MatchesByDefinition(pattern.substr(1), text.substr(1));
  }
  return pattern.front() == text.front() && MatchesByDefinition(pattern.substr(1), text.substr(1));
}

void Check(std::string_view input) {
  if (input.empty()) return;
  const auto pattern_bytes = static_cast<std::size_t>(static_cast<unsigned char>(input.front())) % kPatternBytesMax;
  const std::string_view pattern = input.substr(1, pattern_bytes);
  const std::string_view text = input.substr(1 + pattern.size()).substr(0, kTextBytesMax);
  const auto glob = Glob::Parse(pattern);
  if (!glob) return;
  const bool matches = glob->Matches(text);
  KVS_CHECK(matches == MatchesByDefinition(pattern, text));
  KVS_CHECK(!matches || text.starts_with(glob->prefix()));
}

}  // namespace
}  // namespace kvs::base

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvs::base::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
