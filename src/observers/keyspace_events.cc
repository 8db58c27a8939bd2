#include "observers/keyspace_events.h"

#include <algorithm>
#include <array>

#include "observers/pub_sub.h"

namespace kvs::server {
namespace {

struct Letter {
  char letter;
  std::uint32_t bit;
};
// Those of the types that there are not are kept, so that a value set is the value read. In Redis's order.
constexpr auto kOfAll = std::to_array<Letter>({{'g', 1U << 2},
                                               {'$', 1U << 3},
                                               {'l', 1U << 4},
                                               {'s', 1U << 5},
                                               {'h', 1U << 6},
                                               {'z', 1U << 7},
                                               {'x', 1U << 8},
                                               {'e', 1U << 9},
                                               {'t', 1U << 10},
                                               {'d', 1U << 13}});
constexpr auto kOthers = std::to_array<Letter>({{'K', 1U << 0}, {'E', 1U << 1}, {'m', 1U << 11}});
constexpr Letter kNew{'n', 1U << 14};

constexpr std::uint32_t AllClasses() {
  std::uint32_t all = 0;
  for (const Letter& letter : kOfAll) all |= letter.bit;
  return all;
}

}  // namespace

std::optional<std::uint32_t> ParseEventClasses(std::string_view letters) {
  std::uint32_t classes = 0;
  for (const char c : letters) {
    const auto is_it = [c](const Letter& letter) { return letter.letter == c; };
    if (c == 'A') {
      classes |= AllClasses();
    } else if (const auto* of_all = std::find_if(kOfAll.begin(), kOfAll.end(), is_it); of_all != kOfAll.end()) {
      classes |= of_all->bit;
    } else if (const auto* other = std::find_if(kOthers.begin(), kOthers.end(), is_it); other != kOthers.end()) {
      classes |= other->bit;
    } else if (is_it(kNew)) {
      classes |= kNew.bit;
    } else {
      return std::nullopt;
    }
  }
  return classes;
}

// What is shown is what is set when it is read back, so n follows A too, where Redis 7.0 leaves it out.
std::string EventClassLetters(std::uint32_t classes) {
  std::string letters;
  if ((classes & AllClasses()) == AllClasses()) {
    letters = "A";
  } else {
    for (const Letter& letter : kOfAll) {
      if ((classes & letter.bit) != 0) letters += letter.letter;
    }
  }
  if ((classes & kNew.bit) != 0) letters += kNew.letter;
  for (const Letter& letter : kOthers) {
    if ((classes & letter.bit) != 0) letters += letter.letter;
  }
  return letters;
}

void KeyspaceEvents::Publish(PubSub& pub_sub, std::string_view name, std::string_view key) const {
  if (wants(EventClass::kKeyspace)) pub_sub.Publish("__keyspace@0__:" + std::string(key), name);
  if (wants(EventClass::kKeyevent)) pub_sub.Publish("__keyevent@0__:" + std::string(name), key);
}

}  // namespace kvs::server
