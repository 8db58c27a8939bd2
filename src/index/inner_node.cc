#include "index/inner_node.h"

#include <bit>
#include <limits>
#include <vector>

#include "base/check.h"
#include "base/coding.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace kvs::index {
namespace {

#if defined(__x86_64__)
// Checked once, because a search is too short to check each time.
const bool kHasAvx2 = __builtin_cpu_supports("avx2") != 0;
#endif

// Heads compare as unsigned big-endian numbers, but are stored as signed ones in the same order.
std::int64_t ToSigned(std::uint64_t head) { return static_cast<std::int64_t>(head ^ (std::uint64_t{1} << 63)); }

std::uint32_t BitsBelow(unsigned bit) { return (std::uint32_t{1} << bit) - 1; }

std::size_t SharedPrefixBytes(std::string_view a, std::string_view b) {
  const auto [end, _] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(end - a.begin());
}

// Bit i: byte i of the two words differs.
std::uint32_t DifferentBytes(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kLowBits = 0x7f7f7f7f7f7f7f7f;
  const std::uint64_t difference = a ^ b;
  const std::uint64_t high_bits = (((difference & kLowBits) + kLowBits) | difference) & ~kLowBits;
  return static_cast<std::uint32_t>(((high_bits >> 7) * 0x0102040810204080) >> 56);
}

std::uint64_t WordAt(const KeyWindow& window, unsigned i) {
  return base::GetFixed64(reinterpret_cast<const char*>(&window.bytes[std::size_t{8} * i]));
}

}  // namespace

InnerNode::InnerNode(std::span<const std::string_view> separators, std::span<const NodeId> children)
    : count_(static_cast<std::uint16_t>(separators.size())) {
  KVS_CHECK(separators.size() <= kSeparatorsMax && children.size() == separators.size() + 1);
  CopySeparators(separators);
  if (count_ > 1) {
    const std::size_t shared = SharedPrefixBytes(separator(0), separator(count_ - 1));
    if (shared >= kPrefixBytesMin) prefix_bytes_ = static_cast<std::uint16_t>(shared);
  }
  std::vector<KeyWindow> windows;
  windows.reserve(count_);
  for (unsigned i = 0; i < count_; ++i) windows.emplace_back(separator(i), prefix_bytes_);
  ChoosePositions(windows);
  heads_.fill(std::numeric_limits<std::int64_t>::max());
  for (unsigned i = 0; i < count_; ++i) heads_[i] = ToSigned(GatherHead(windows[i]));
  for (unsigned i = 0; i < kChildrenMax; ++i) {
    children_[i].store(i <= count_ ? children[i] : 0, std::memory_order_relaxed);  // Published with the node: P1.
  }
}

void InnerNode::CopySeparators(std::span<const std::string_view> separators) {
  std::size_t bytes = 0;
  for (const std::string_view separator : separators) {
    KVS_CHECK(separator.size() <= kKeyBytesMax);
    bytes += separator.size();
  }
  separators_ = std::make_unique_for_overwrite<char[]>(bytes);
  std::uint32_t end = 0;
  for (unsigned i = 0; i < kSeparatorsMax; ++i) {
    if (i < separators.size()) {
      std::copy(separators[i].begin(), separators[i].end(), separators_.get() + end);
      end += static_cast<std::uint32_t>(separators[i].size());
    }
    ends_[i] = end;
  }
}

// Takes the first positions in which the windows differ. If there are fewer than a head has bytes, it adds positions
// after them. Those distinguish other keys from the separators more often than the ones before, which a search checks
// anyway.
void InnerNode::ChoosePositions(std::span<const KeyWindow> windows) {
  common_ = windows.empty() ? KeyWindow("", 0).bytes : windows.front().bytes;
  std::array<std::uint64_t, KeyWindow::kBytes / 8> different_bits{};  // In any window.
  for (const KeyWindow& window : windows) {
    for (unsigned i = 0; i < different_bits.size(); ++i) different_bits[i] |= WordAt(window, i) ^ WordAt(windows[0], i);
  }
  std::uint32_t different = 0;
  for (unsigned i = 0; i < different_bits.size(); ++i) different |= DifferentBytes(different_bits[i], 0) << (8 * i);

  std::uint32_t chosen = 0;
  unsigned missing = kHeadBytes;
  const auto choose = [&](unsigned position) {
    const std::uint32_t bit = std::uint32_t{1} << position;
    if (missing == 0 || (chosen & bit) != 0) return;
    chosen |= bit;
    --missing;
  };
  for (std::uint32_t left = different; left != 0; left &= left - 1)
    choose(static_cast<unsigned>(std::countr_zero(left)));
  for (auto i = static_cast<unsigned>(std::bit_width(chosen)); i < KeyWindow::kBytes; ++i) choose(i);
  for (unsigned i = KeyWindow::kBytes; i-- > 0;) choose(i);

  const auto last = static_cast<unsigned>(std::bit_width(chosen)) - 1;
  checked_ = BitsBelow(last) & ~chosen;
  for (unsigned i = kHeadBytes; i-- > 0; chosen &= chosen - 1) {
    positions_[i] = static_cast<std::uint8_t>(std::countr_zero(chosen));
  }
}

unsigned InnerNode::ChildOf(const SearchKey& key) const {
  auto [first, last] = FindTies(key);
  while (first < last) {
    const unsigned middle = (first + last) / 2;
    if (separator(middle) <= key.key) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return first;
}

unsigned InnerNode::ChildBefore(const SearchKey& key) const {
  auto [first, last] = FindTies(key);
  while (first < last) {
    const unsigned middle = (first + last) / 2;
    if (separator(middle) < key.key) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return first;
}

InnerNode::Ties InnerNode::FindTies(const SearchKey& key) const {
  if (prefix_bytes_ == 0) return FindTiesInWindow(key.window);
  const int order = key.key.substr(0, prefix_bytes_).compare(prefix());
  if (order < 0) return {0, 0};
  if (order > 0) return {count_, count_};
  return FindTiesInWindow(KeyWindow(key.key, prefix_bytes_));
}

InnerNode::Ties InnerNode::FindTiesInWindow(const KeyWindow& window) const {
#if defined(__x86_64__)
  if (kHasAvx2) return FindTiesByAvx2(window);
#endif
  return FindTiesPortably(window);
}

InnerNode::Ties InnerNode::FindTiesPortably(const KeyWindow& window) const {
  const Aim aim = AimOf(GatherHead(window), Differences(window) & checked_, window);
  const auto not_above = std::upper_bound(heads_.begin(), heads_.begin() + count_, aim.head);
  return TiesOf(aim, static_cast<unsigned>(not_above - heads_.begin()));
}

#if defined(__x86_64__)
[[gnu::target("avx2"), gnu::flatten]] InnerNode::Ties InnerNode::FindTiesByAvx2(const KeyWindow& window) const {
  const __m256i bytes = _mm256_load_si256(reinterpret_cast<const __m256i*>(window.bytes.data()));
  const __m256i common = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(common_.data()));
  const auto same = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, common)));

  // A shuffle takes bytes from half a window. It gives zero if the highest bit of a position is set.
  const __m128i positions = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(positions_.data()));
  const __m128i in_low_half = _mm_add_epi8(positions, _mm_set1_epi8(0x70));
  const __m128i in_high_half = _mm_sub_epi8(positions, _mm_set1_epi8(0x10));
  const __m128i head = _mm_or_si128(_mm_shuffle_epi8(_mm256_castsi256_si128(bytes), in_low_half),
                                    _mm_shuffle_epi8(_mm256_extracti128_si256(bytes, 1), in_high_half));
  const Aim aim = AimOf(static_cast<std::uint64_t>(_mm_cvtsi128_si64(head)), ~same & checked_, window);

  const __m256i aims = _mm256_set1_epi64x(aim.head);
  __m256i above = _mm256_setzero_si256();  // In each of four lanes: minus the number of heads above.
  for (unsigned i = 0; i < heads_.size(); i += 4) {
    const __m256i heads = _mm256_load_si256(reinterpret_cast<const __m256i*>(&heads_[i]));
    above = _mm256_add_epi64(above, _mm256_cmpgt_epi64(heads, aims));
  }
  const __m128i halves = _mm_add_epi64(_mm256_castsi256_si128(above), _mm256_extracti128_si256(above, 1));
  const std::int64_t minus_above = _mm_cvtsi128_si64(halves) + _mm_extract_epi64(halves, 1);
  const auto not_above = static_cast<unsigned>(static_cast<std::int64_t>(heads_.size()) + minus_above);
  return TiesOf(aim, std::min<unsigned>(not_above, count_));
}
#endif

// If the key differs from the common bytes, only the part of its head before that position counts.
InnerNode::Aim InnerNode::AimOf(std::uint64_t head, std::uint32_t differences, const KeyWindow& window) const {
  if (differences == 0) return {ToSigned(head), Side::kOpen};
  const auto place = static_cast<unsigned>(std::countr_zero(differences));
  const unsigned head_bytes_before = place - static_cast<unsigned>(std::popcount(checked_ & BitsBelow(place)));
  const std::uint64_t bits_after = ~std::uint64_t{0} >> (8 * head_bytes_before);
  if (window.bytes[place] < common_[place]) return {ToSigned(head & ~bits_after), Side::kBelow};
  return {ToSigned(head | bits_after), Side::kAbove};
}

InnerNode::Ties InnerNode::TiesOf(Aim aim, unsigned not_above) const {
  if (aim.side == Side::kAbove) return {not_above, not_above};
  unsigned first = not_above;
  while (first > 0 && heads_[first - 1] == aim.head) --first;
  return {first, aim.side == Side::kBelow ? first : not_above};
}

std::uint64_t InnerNode::GatherHead(const KeyWindow& window) const {
  std::uint64_t head = 0;
  for (unsigned i = 0; i < kHeadBytes; ++i) head |= std::uint64_t{window.bytes[positions_[i]]} << (8 * i);
  return head;
}

// Bit i: byte i differs from the common one.
std::uint32_t InnerNode::Differences(const KeyWindow& window) const {
  std::uint32_t differences = 0;
  for (unsigned i = 0; i < KeyWindow::kBytes; i += 8) {
    differences |= DifferentBytes(base::GetFixed64(reinterpret_cast<const char*>(&window.bytes[i])),
                                  base::GetFixed64(reinterpret_cast<const char*>(&common_[i])))
                   << i;
  }
  return differences;
}

}  // namespace kvs::index
