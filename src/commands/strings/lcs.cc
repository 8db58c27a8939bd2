// LCS: the longest common subsequence of two values.
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/letters.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"

namespace kvs::server {
namespace {

struct LcsOptions {
  bool wants_length = false;
  bool wants_ranges = false;
  bool wants_range_lengths = false;
  std::int64_t range_bytes_min = 0;
};

// nullopt: answered.
std::optional<LcsOptions> ReadLcsOptions(Call& call) {
  LcsOptions options;
  for (std::size_t i = 3; i < call.size(); ++i) {
    if (base::IsWord(call[i], "idx")) {
      options.wants_ranges = true;
    } else if (base::IsWord(call[i], "len")) {
      options.wants_length = true;
    } else if (base::IsWord(call[i], "withmatchlen")) {
      options.wants_range_lengths = true;
    } else if (base::IsWord(call[i], "minmatchlen") && i + 1 < call.size()) {
      const auto bytes = ReadInteger(call, call[++i]);
      if (!bytes) return std::nullopt;
      options.range_bytes_min = std::max<std::int64_t>(*bytes, 0);
    } else {
      call.FailSyntax();
      return std::nullopt;
    }
  }
  if (options.wants_length && options.wants_ranges) {
    call.Fail("ERR If you want both the length and indexes, please just use IDX.");
    return std::nullopt;
  }
  return options;
}

// The lengths for all pairs of beginnings of two strings, one bit for each (Hyyro, 2004): 64 of them in one step.
//
// Design      A row is a beginning of the shorter string. Its bit q is 0 where the length for q + 1 bytes of the longer
//             one is greater than for q: so a length is a count of zeroes.
class LcsTable {
 public:
  LcsTable(std::string_view rows, std::string_view columns)
      : words_((columns.size() + kWordBits - 1) / kWordBits), bits_((rows.size() + 1) * words_, ~std::uint64_t{0}) {
    const Masks masks = MasksOf(rows, columns);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const std::uint64_t* const mask = masks.bits.data() + masks.begin[static_cast<unsigned char>(rows[row])];
      Step(bits_.data() + row * words_, mask);
    }
  }

  // What it takes, at most.
  static std::size_t Bytes(std::string_view a, std::string_view b) {
    const std::size_t words = std::max(a.size(), b.size()) / kWordBits + 1;
    return (std::min(a.size(), b.size()) + 1 + 256) * words * sizeof(std::uint64_t);
  }

  // 1 or 0: how much longer it is for `column` + 1 bytes than for `column`.
  std::uint32_t Gain(std::size_t row, std::size_t column) const {
    return (bits_[row * words_ + column / kWordBits] >> (column % kWordBits) & 1) == 0 ? 1 : 0;
  }
  std::uint32_t At(std::size_t row, std::size_t columns) const {
    const std::uint64_t* const bits = bits_.data() + row * words_;
    std::uint32_t ones = 0;
    for (std::size_t word = 0; word < columns / kWordBits; ++word) {
      ones += static_cast<std::uint32_t>(std::popcount(bits[word]));
    }
    if (const std::size_t rest = columns % kWordBits; rest != 0) {
      const std::uint64_t those = (std::uint64_t{1} << rest) - 1;
      ones += static_cast<std::uint32_t>(std::popcount(bits[columns / kWordBits] & those));
    }
    return static_cast<std::uint32_t>(columns) - ones;
  }

 private:
  static constexpr std::size_t kWordBits = 64;

  // For each byte of the rows, its places in the columns.
  struct Masks {
    std::array<std::size_t, 256> begin{};
    std::vector<std::uint64_t> bits;
  };

  Masks MasksOf(std::string_view rows, std::string_view columns) const {
    constexpr std::size_t kNone = std::string_view::npos;
    Masks masks;
    masks.begin.fill(kNone);
    for (const char c : rows) {
      std::size_t& begin = masks.begin[static_cast<unsigned char>(c)];
      if (begin != kNone) continue;
      begin = masks.bits.size();
      masks.bits.resize(masks.bits.size() + words_);
    }
    for (std::size_t column = 0; column < columns.size(); ++column) {
      const std::size_t begin = masks.begin[static_cast<unsigned char>(columns[column])];
      if (begin != kNone) masks.bits[begin + column / kWordBits] |= std::uint64_t{1} << (column % kWordBits);
    }
    return masks;
  }

  // Makes the row after the one at `row`.
  void Step(std::uint64_t* row, const std::uint64_t* mask) const {
    std::uint64_t* const next = row + words_;
    std::uint64_t carry = 0;
    for (std::size_t word = 0; word < words_; ++word) {
      const std::uint64_t sum = row[word] + (row[word] & mask[word]);
      const std::uint64_t with_carry = sum + carry;
      carry = sum < row[word] || with_carry < sum ? 1 : 0;
      next[word] = with_carry | (row[word] & ~mask[word]);
    }
  }

  const std::size_t words_;  // Of a row.
  std::vector<std::uint64_t> bits_;
};

// Bytes that follow each other in both strings.
struct CommonRange {
  std::size_t a = 0;
  std::size_t b = 0;
  std::size_t bytes = 0;
};

// A way back through the table, from all bytes of both strings, with the length at each place.
class LcsWay {
 public:
  LcsWay(std::string_view a, std::string_view b)
      : is_swapped_(a.size() > b.size()),
        rows_(is_swapped_ ? b : a),
        columns_(is_swapped_ ? a : b),
        table_(rows_, columns_),
        row_(rows_.size()),
        column_(columns_.size()) {
    LookUp();
  }

  std::uint32_t length() const { return length_; }
  std::size_t a() const { return is_swapped_ ? column_ : row_; }
  std::size_t b() const { return is_swapped_ ? row_ : column_; }
  bool is_at_start() const { return row_ == 0 || column_ == 0; }
  bool is_common() const { return rows_[row_ - 1] == columns_[column_ - 1]; }

  void StepInBoth() {
    --row_;
    --column_;
    LookUp();
  }
  // As Redis does: one byte less of `a`, if that leaves more than one byte less of `b`.
  void StepInOne() {
    const std::uint32_t less_column = length_ - table_.Gain(row_, column_ - 1);
    const bool goes_up = is_swapped_ ? less_column <= above_ : above_ > less_column;
    if (goes_up) {
      --row_;
      LookUp();
    } else {
      above_ -= table_.Gain(row_ - 1, column_ - 1);
      length_ = less_column;
      --column_;
    }
  }

 private:
  void LookUp() {
    length_ = table_.At(row_, column_);
    above_ = row_ == 0 ? 0 : table_.At(row_ - 1, column_);
  }

  const bool is_swapped_;
  const std::string_view rows_;
  const std::string_view columns_;
  const LcsTable table_;
  std::size_t row_;
  std::size_t column_;
  std::uint32_t length_ = 0;
  std::uint32_t above_ = 0;  // The length one row before.
};

// The ranges of one longest subsequence, from the back: the one that Redis finds.
std::vector<CommonRange> CommonRanges(LcsWay& way) {
  std::vector<CommonRange> ranges;
  bool goes_on = false;
  while (!way.is_at_start()) {
    const bool is_common = way.is_common();
    if (is_common) {
      way.StepInBoth();
      if (!goes_on) ranges.push_back({});
      ranges.back() = {.a = way.a(), .b = way.b(), .bytes = ranges.back().bytes + 1};
    } else {
      way.StepInOne();
    }
    goes_on = is_common;
  }
  return ranges;
}

void ReplyRange(Call& call, std::size_t first, std::size_t bytes) {
  call.reply.Array(2);
  call.reply.Integer(static_cast<std::int64_t>(first));
  call.reply.Integer(static_cast<std::int64_t>(first + bytes - 1));
}

void ReplyRanges(Call& call, std::vector<CommonRange> ranges, std::uint32_t length, const LcsOptions& options) {
  std::erase_if(ranges, [&](const CommonRange& range) {
    return static_cast<std::int64_t>(range.bytes) < options.range_bytes_min;
  });
  call.reply.Map(2);
  call.reply.Bulk("matches");
  call.reply.Array(ranges.size());
  for (const CommonRange& range : ranges) {
    call.reply.Array(options.wants_range_lengths ? 3 : 2);
    ReplyRange(call, range.a, range.bytes);
    ReplyRange(call, range.b, range.bytes);
    if (options.wants_range_lengths) call.reply.Integer(static_cast<std::int64_t>(range.bytes));
  }
  call.reply.Bulk("len");
  call.reply.Integer(length);
}

// nullopt: answered. A key that is not there is an empty string.
std::optional<std::string> ReadValue(Call& call, std::string_view key) {
  std::string value;
  const Result<bool> found = call.keys.Read(key, [&](const Entry& entry) {
    call.Claim(entry.value.size());
    value.assign(entry.value);
  });
  if (found) return value;
  call.Fail(found.error());
  return std::nullopt;
}

void Lcs(Call& call) {
  const auto a = ReadValue(call, call[1]);
  if (!a) return;
  const auto b = ReadValue(call, call[2]);
  if (!b) return;
  const auto options = ReadLcsOptions(call);
  if (!options) return;
  if ((a->size() + 1) * (b->size() + 1) > kValueBytesMax / sizeof(std::uint32_t)) {
    call.Fail("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    return;
  }
  call.Claim(LcsTable::Bytes(*a, *b));
  LcsWay way(*a, *b);
  const std::uint32_t length = way.length();
  if (options->wants_length) {
    call.reply.Integer(length);
    return;
  }
  std::vector<CommonRange> ranges = CommonRanges(way);
  if (options->wants_ranges) {
    ReplyRanges(call, std::move(ranges), length, *options);
    return;
  }
  std::string common;
  common.reserve(length);
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) common.append(*a, range->a, range->bytes);
  call.reply.Bulk(common);
}

constexpr auto kRows = std::to_array<CommandSpec>({
    Row({.full_name = "lcs",
         .handler = Lcs,
         .arity = -3,
         .flags = kReadOnly,
         .keys = {.first = 1, .last = 2, .step = 1},
         .key_flags = "RO access",
         .group = "string",
         .since = "7.0.0",
         .complexity = "O(N*M) in the bytes of the values: a word and a step for 64 pairs",
         .summary = "Finds the longest common subsequence of two values",
         .usage = "key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]"}),
});

}  // namespace

std::span<const CommandSpec> LcsCommands() { return kRows; }

}  // namespace kvs::server
