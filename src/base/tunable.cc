#include "base/tunable.h"

#if defined(KVS_PROBES)

#include <bit>
#include <cstdlib>
#include <string_view>

#include "base/check.h"
#include "base/hash.h"
#include "base/random.h"

namespace kvs::base {
namespace {

bool IsListed(std::string_view name, std::string_view list) {
  while (!list.empty()) {
    const std::size_t end = list.find(',');
    if (list.substr(0, end) == name) return true;
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  }
  return false;
}

}  // namespace

std::uint64_t DrawTunable(const char* name, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  KVS_CHECK(least <= value && value <= most);
  const char* const seed = std::getenv("KVS_TUNE_SEED");
  const char* const only = std::getenv("KVS_TUNE_ONLY");
  if (seed == nullptr || (only != nullptr && !IsListed(name, only))) return value;
  Random random(Hash64(name, std::strtoull(seed, nullptr, 10)));
  if (random.OneIn(2)) return value;
  // Draws the number of bits of the distance first, so that each order of magnitude has the same chance.
  const auto bits = static_cast<int>(random.Below(static_cast<std::uint64_t>(std::bit_width(most - least)) + 1));
  const std::uint64_t distance_max = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  return least +
         (distance_max >= most - least ? random.Next() % (most - least + 1) : random.Next() % (distance_max + 1));
}

}  // namespace kvs::base

#endif
