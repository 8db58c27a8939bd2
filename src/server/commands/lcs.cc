// LCS: the longest common subsequence of two values.
#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/commands/command_table.h"
#include "server/commands/parsing.h"
#include "server/letters.h"

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
    if (IsWord(call[i], "idx")) {
      options.wants_ranges = true;
    } else if (IsWord(call[i], "len")) {
      options.wants_length = true;
    } else if (IsWord(call[i], "withmatchlen")) {
      options.wants_range_lengths = true;
    } else if (IsWord(call[i], "minmatchlen") && i + 1 < call.size()) {
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

// The lengths for all pairs of beginnings of the two strings: time and memory of one's bytes times the other's.
class LcsTable {
 public:
  // nullptr: there is no memory for it.
  static std::unique_ptr<LcsTable> Make(std::string_view a, std::string_view b) {
    const std::size_t cells = (a.size() + 1) * (b.size() + 1);
    std::unique_ptr<std::uint32_t[]> lengths(new (std::nothrow) std::uint32_t[cells]);
    if (lengths == nullptr) return nullptr;
    return std::unique_ptr<LcsTable>(new LcsTable(a, b, std::move(lengths)));
  }

  std::uint32_t At(std::size_t i, std::size_t j) const { return lengths_[i * width_ + j]; }

 private:
  LcsTable(std::string_view a, std::string_view b, std::unique_ptr<std::uint32_t[]> lengths)
      : width_(b.size() + 1), lengths_(std::move(lengths)) {
    std::fill_n(lengths_.get(), width_, 0U);
    for (std::size_t i = 1; i <= a.size(); ++i) {
      std::uint32_t* const row = lengths_.get() + i * width_;
      const std::uint32_t* const above = row - width_;
      row[0] = 0;
      for (std::size_t j = 1; j <= b.size(); ++j) {
        row[j] = a[i - 1] == b[j - 1] ? above[j - 1] + 1 : std::max(above[j], row[j - 1]);
      }
    }
  }

  const std::size_t width_;
  const std::unique_ptr<std::uint32_t[]> lengths_;
};

// Bytes that follow each other in both strings.
struct CommonRange {
  std::size_t a = 0;
  std::size_t b = 0;
  std::size_t bytes = 0;
};

// The ranges of one longest subsequence, from the back: the one that Redis finds.
std::vector<CommonRange> CommonRanges(std::string_view a, std::string_view b, const LcsTable& table) {
  std::vector<CommonRange> ranges;
  bool goes_on = false;
  for (std::size_t i = a.size(), j = b.size(); i > 0 && j > 0;) {
    if (a[i - 1] == b[j - 1]) {
      if (!goes_on) ranges.push_back({.a = i, .b = j});
      goes_on = true;
      --i;
      --j;
      ranges.back() = {.a = i, .b = j, .bytes = ranges.back().bytes + 1};
    } else {
      goes_on = false;
      if (table.At(i - 1, j) > table.At(i, j - 1)) {
        --i;
      } else {
        --j;
      }
    }
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
  const Result<bool> found = call.keys.Read(key, [&](const Entry& entry) { value.assign(entry.value); });
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
  const std::unique_ptr<LcsTable> table = LcsTable::Make(*a, *b);
  if (table == nullptr) {
    call.Fail("ERR Insufficient memory, failed allocating transient memory for LCS");
    return;
  }
  const std::uint32_t length = table->At(a->size(), b->size());
  if (options->wants_length) {
    call.reply.Integer(length);
    return;
  }
  std::vector<CommonRange> ranges = CommonRanges(*a, *b, *table);
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
         .complexity = "O(N*M) in the bytes of the values, in time and memory",
         .summary = "Finds the longest common subsequence of two values",
         .usage = "key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]"}),
});

}  // namespace

std::span<const CommandSpec> LcsCommands() { return kRows; }

}  // namespace kvs::server
