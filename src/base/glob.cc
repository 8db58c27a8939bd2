#include "base/glob.h"

#include <string.h>

#include <algorithm>
#include <utility>

#include "base/letters.h"
#include "base/try.h"

namespace kvs::base {
namespace {

Error TooComplex(const std::string& what) {
  return Error{.code = ErrorCode::kInvalidArgument, .context = "the pattern is too complex: " + what};
}

}  // namespace

char Glob::Fold(char c) const { return letters_ == Case::kInsensitive ? ToLower(c) : c; }

Result<Glob> Glob::Parse(std::string_view pattern, Case letters) {
  Glob glob(letters);
  KVS_TRY(glob.Read(pattern));
  glob.DescribeParts();
  KVS_TRY(glob.MakeMasks());
  return glob;
}

Status Glob::Read(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) {
    return TooComplex("it has more than " + std::to_string(kPatternBytesMax) + " bytes");
  }
  parts_.push_back({.begin = 0});
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] == '*') {
      ++at;
      if (parts_.size() == 1 || parts_.back().size > 0) parts_.push_back({.begin = elements_.size()});
      continue;
    }
    KVS_TRY_ASSIGN(const std::uint16_t element, ReadElement(pattern, &at));
    elements_.push_back(element);
    literals_ += static_cast<char>(element < kAny ? element : 0);
    ++parts_.back().size;
  }
  return Ok();
}

Result<std::uint16_t> Glob::ReadElement(std::string_view pattern, std::size_t* at) {
  char c = pattern[(*at)++];
  if (c == '?') return kAny;
  if (c == '[') {
    if (classes_.size() == kClassesMax) return TooComplex("it has more than " + std::to_string(kClassesMax) + " []");
    classes_.push_back(ReadClass(pattern, at));
    return static_cast<std::uint16_t>(kAny + classes_.size());
  }
  if (c == '\\' && *at < pattern.size()) c = pattern[(*at)++];
  return static_cast<std::uint16_t>(static_cast<unsigned char>(Fold(c)));
}

// Reads the class that starts at `*at`, after its '[', and moves `*at` past its ']'. As in Redis, an unclosed class
// ends with the pattern, and a range may be written backwards.
Glob::Class Glob::ReadClass(std::string_view pattern, std::size_t* at) const {
  const auto byte = [this](char c) { return static_cast<std::size_t>(static_cast<unsigned char>(Fold(c))); };
  Class bytes;
  const bool is_negated = *at < pattern.size() && pattern[*at] == '^';
  if (is_negated) ++*at;
  while (*at < pattern.size() && pattern[*at] != ']') {
    const std::string_view rest = pattern.substr(*at);
    if (rest.size() >= 2 && rest[0] == '\\') {
      bytes.set(byte(rest[1]));
      *at += 2;
    } else if (rest.size() >= 3 && rest[1] == '-') {
      const auto [low, high] = std::minmax({byte(rest[0]), byte(rest[2])});
      for (std::size_t each = low; each <= high; ++each) bytes.set(each);
      *at += 3;
    } else {
      bytes.set(byte(rest[0]));
      ++*at;
    }
  }
  if (*at < pattern.size()) ++*at;
  return is_negated ? ~bytes : bytes;
}

std::size_t Glob::bytes() const {
  return elements_.capacity() * sizeof(std::uint16_t) + literals_.capacity() + classes_.capacity() * sizeof(Class) +
         parts_.capacity() * sizeof(Part) + masks_.capacity() * sizeof(Masks) + prefix_.capacity();
}

void Glob::DescribeParts() {
  const auto is_literal = [](std::uint16_t element) { return element < kAny; };
  for (Part& part : parts_) {
    const auto begin = elements_.begin() + static_cast<std::ptrdiff_t>(part.begin);
    const auto end = begin + static_cast<std::ptrdiff_t>(part.size);
    const bool is_any = std::all_of(begin, end, [](std::uint16_t element) { return element == kAny; });
    part.kind = std::all_of(begin, end, is_literal) ? Kind::kLiteral : is_any ? Kind::kAny : Kind::kMixed;
  }
  const auto begin = elements_.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(parts_.front().size);
  const auto wild = std::find_if_not(begin, end, is_literal);
  prefix_ = literals_.substr(0, static_cast<std::size_t>(wild - begin));
}

Status Glob::MakeMasks() {
  for (std::size_t i = 1; i + 1 < parts_.size(); ++i) {
    Part& part = parts_[i];
    if (part.kind != Kind::kMixed) continue;
    if (part.size > kMixedElementsMax || masks_.size() == kMixedPartsMax) {
      return TooComplex("between two stars, a part with both ? or [] and other characters has at most " +
                        std::to_string(kMixedElementsMax) + " characters, and there are at most " +
                        std::to_string(kMixedPartsMax) + " such parts");
    }
    part.masks = masks_.size();
    Masks& masks = masks_.emplace_back();
    for (std::size_t element = 0; element < part.size; ++element) {
      for (std::size_t byte = 0; byte < masks.size(); ++byte) {
        const bool matches = ElementMatches(elements_[part.begin + element], static_cast<char>(byte));
        masks[byte] |= std::uint64_t{matches} << element;
      }
    }
  }
  return Ok();
}

bool Glob::ElementMatches(std::uint16_t element, char c) const {
  if (element == kAny) return true;
  const auto byte = static_cast<unsigned char>(c);
  return element < kAny ? element == byte : classes_[element - kAny - std::size_t{1}].test(byte);
}

// Whether `text` starts with the part.
bool Glob::StandsAt(const Part& part, std::string_view text) const {
  if (part.kind == Kind::kLiteral) return text.starts_with(std::string_view(literals_).substr(part.begin, part.size));
  for (std::size_t i = 0; i < part.size; ++i) {
    if (!ElementMatches(elements_[part.begin + i], text[i])) return false;
  }
  return true;
}

// The leftmost place of the part in `text`, or npos.
std::size_t Glob::Find(const Part& part, std::string_view text) const {
  if (part.size > text.size()) return std::string_view::npos;
  if (part.kind == Kind::kAny) return 0;
  if (part.kind == Kind::kLiteral) {
    const void* const found = ::memmem(text.data(), text.size(), literals_.data() + part.begin, part.size);
    if (found == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
  }
  // Bit i: the elements up to i match the bytes up to here.
  const Masks& masks = masks_[part.masks];
  const std::uint64_t last = std::uint64_t{1} << (part.size - 1);
  std::uint64_t matched = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    matched = ((matched << 1) | 1) & masks[static_cast<unsigned char>(text[at])];
    if ((matched & last) != 0) return at + 1 - part.size;
  }
  return std::string_view::npos;
}

bool Glob::MatchesFolded(std::string_view text) const {
  if (text.size() < elements_.size()) return false;
  const Part& first = parts_.front();
  if (!StandsAt(first, text)) return false;
  if (parts_.size() == 1) return text.size() == first.size;
  const Part& last = parts_.back();
  if (!StandsAt(last, text.substr(text.size() - last.size))) return false;
  text.remove_prefix(first.size);
  text.remove_suffix(last.size);
  for (std::size_t i = 1; i + 1 < parts_.size(); ++i) {
    const std::size_t at = Find(parts_[i], text);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + parts_[i].size);
  }
  return true;
}

bool Glob::Matches(std::string_view text) const {
  return letters_ == Case::kInsensitive ? MatchesFolded(base::Lowered(text)) : MatchesFolded(text);
}

}  // namespace kvs::base
