// Glob: a pattern of KEYS, SCAN, PSUBSCRIBE or CONFIG GET: * ? [a-z] [^a-z] and \x for x itself, over any bytes.
//
// Design      A pattern is read once, into the parts between its stars. The first and the last part have one place
//             each. Every other part is searched for after the part before it, and the leftmost place is taken: if any
//             place leads to a match, that one does. The search is linear in the bytes of the text for each kind of
//             part, and no byte is searched for two parts. So a match takes time linear in the text, whatever the
//             pattern.
// Threads     Constant once made.
// Limits      kPatternBytesMax is enough for every key with each of its bytes escaped. A part between two stars that
//             has both classes or ? and other bytes is searched for with one bit for each element, in one word.
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
  // The bytes that every match begins with.
  const std::string& prefix() const { return prefix_; }
  std::size_t bytes() const;  // What it takes of memory.

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
  // For each byte, the elements that match it, as bits.
  using Masks = std::array<std::uint64_t, 256>;
  // An element matches one byte: below 256 that byte, kAny any, above it one of the class with that index.
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
  std::vector<Part> parts_;  // One if there is no star; else empty ones only at the ends.
  std::vector<Masks> masks_;
  std::string prefix_;
};

}  // namespace kvs::base
