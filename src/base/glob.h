// Glob: a pattern of KEYS, SCAN, PSUBSCRIBE or CONFIG GET over any bytes: * ? [a-z] [^a-z], and \x for a literal x.
//
// Design      A pattern is parsed once, into the parts between its stars. The first and the last part have one possible
//             place each. Every other part is searched for after the previous one, and takes the leftmost place. If any
//             choice of places matches, the leftmost one does. Each search is linear in the text, and no byte is
//             searched for two parts. So a match takes time linear in the text, whatever the pattern.
// Threads     Constant after construction.
// Limits      kPatternBytesMax fits every key with each of its bytes escaped. A part between two stars that mixes
//             classes or ? with other bytes has at most kMixedElementsMax elements. The search keeps one bit per
//             element, in one word.
// Errors      kInvalidArgument: the pattern is beyond a limit.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/result.h"

namespace kvs::base {

enum class Case : std::uint8_t { kSensitive, kInsensitive };

class Glob {
 public:
  static constexpr std::size_t kPatternBytesMax = std::size_t{128} << 10;
  static constexpr std::size_t kClassesMax = 1024;
  static constexpr std::size_t kMixedElementsMax = 64;  // Of one mixed part between two stars.
  static constexpr std::size_t kMixedPartsMax = 64;

  static Result<Glob> Parse(std::string_view pattern, Case letters = Case::kSensitive);

  bool Matches(std::string_view text) const;
  // The bytes that every match starts with.
  const std::string& prefix() const { return prefix_; }
  std::size_t bytes() const;  // Memory used.

 private:
  using Class = std::bitset<256>;
  enum class Kind : std::uint8_t { kLiteral, kAny, kMixed };
  // Elements between two stars.
  struct Part {
    std::size_t begin;
    std::size_t size = 0;
    Kind kind = Kind::kLiteral;
    std::size_t masks = 0;  // Of a mixed part between two stars: its index in masks_.
  };
  // For each byte value, a bit per element that matches it.
  using Masks = std::array<std::uint64_t, 256>;
  // An element matches one byte. Below 256 it is that byte, kAny matches any, and above kAny it is a class index.
  static constexpr std::uint16_t kAny = 256;

  explicit Glob(Case letters) : letters_(letters) {}

  Status Read(std::string_view pattern);
  Result<std::uint16_t> ReadElement(std::string_view pattern, std::size_t* at);
  Class ReadClass(std::string_view pattern, std::size_t* at) const;
  void DescribeParts();
  Status MakeMasks();

  char Fold(char c) const;
  bool ElementMatches(std::uint16_t element, char c) const;
  bool StandsAt(const Part& part, std::string_view text) const;
  std::size_t Find(const Part& part, std::string_view text) const;
  bool MatchesFolded(std::string_view text) const;

  Case letters_;
  std::vector<std::uint16_t> elements_;
  std::string literals_;  // The byte of each element; 0 if it is no literal.
  std::vector<Class> classes_;
  std::vector<Part> parts_;  // One if there is no star; otherwise only the ends may be empty.
  std::vector<Masks> masks_;
  std::string prefix_;
};

}  // namespace kvs::base
