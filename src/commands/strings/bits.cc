// The commands on single bits of a string, and on all of them.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/letters.h"
#include "commands/strings/bit_offset.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"

namespace kvs::server {
namespace {

constexpr unsigned kBitsPerByte = 8;

std::uint8_t ByteAt(std::string_view value, std::uint64_t index) { return static_cast<std::uint8_t>(value[index]); }

std::uint8_t MaskOf(std::uint64_t bit) { return static_cast<std::uint8_t>(0x80U >> (bit % kBitsPerByte)); }

bool BitAt(std::string_view value, std::uint64_t bit) {
  const std::uint64_t byte = bit / kBitsPerByte;
  return byte < value.size() && (ByteAt(value, byte) & MaskOf(bit)) != 0;
}

void GetBit(Call& call) {
  const auto offset = ReadBitOffset(call, call[2]);
  if (!offset) return;
  bool is_set = false;
  const Result<bool> found = call.keys.Read(call[1], [&](const Entry& entry) { is_set = BitAt(entry.value, *offset); });
  if (found) {
    call.reply.Integer(*found && is_set ? 1 : 0);
  } else {
    call.Fail(found.error());
  }
}

// A value that is long enough, and has the bit as wanted, is not written again.
void SetBit(Call& call) {
  const auto offset = ReadBitOffset(call, call[2]);
  if (!offset) return;
  const auto wanted = base::ParseDecimal(call[3]);
  if (!wanted || (*wanted != 0 && *wanted != 1)) {
    call.Fail("ERR bit is not an integer or out of range");
    return;
  }
  const bool is_wanted = *wanted == 1;
  const std::uint64_t byte = *offset / kBitsPerByte;
  bool was_set = false;
  bool is_new = false;
  bool is_changed = false;
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    const std::string_view before = current ? current->value : std::string_view();
    was_set = BitAt(before, *offset);
    is_new = !current;
    is_changed = byte >= before.size() || was_set != is_wanted;
    if (byte < before.size() && was_set == is_wanted) return UpdateDecision::Keep();
    call.Claim(std::max<std::size_t>(before.size(), byte + 1));
    std::string value;
    value.reserve(std::max<std::size_t>(before.size(), byte + 1));
    value.assign(before);
    if (byte >= value.size()) value.resize(byte + 1, '\0');
    if (was_set != is_wanted) value[byte] = static_cast<char>(ByteAt(value, byte) ^ MaskOf(*offset));
    return EntryDecision::Set(std::move(value), current ? current->expiry_ms : kNoExpiry);
  });
  if (status && is_changed) {
    if (is_new) call.Notify(EventClass::kNew, "new", call[1]);
    call.Notify(EventClass::kString, "setbit", call[1]);
  }
  if (status) {
    call.reply.Integer(was_set ? 1 : 0);
  } else {
    call.Fail(status.error());
  }
}

// --- Ranges: BITCOUNT, BITPOS ---

// The bits of a value from `first` to `last`, both included; none where first > last.
struct BitRange {
  std::int64_t first = 0;
  std::int64_t last = -1;
};

enum class Unit : std::uint8_t { kBytes, kBits };

// nullopt: answered.
std::optional<Unit> ReadUnit(Call& call, std::string_view text) {
  if (base::IsWord(text, "bit")) return Unit::kBits;
  if (base::IsWord(text, "byte")) return Unit::kBytes;
  call.FailSyntax();
  return std::nullopt;
}

// `first` and `last` count from the end where they are negative, and are clamped.
BitRange RangeWithin(std::string_view value, std::int64_t first, std::int64_t last, Unit unit) {
  const auto bits_per_unit = static_cast<std::int64_t>(unit == Unit::kBits ? 1 : kBitsPerByte);
  const auto units = static_cast<std::int64_t>(value.size() * kBitsPerByte) / bits_per_unit;
  if (first < 0) first = std::max<std::int64_t>(first + units, 0);
  if (last < 0) last = std::max<std::int64_t>(last + units, 0);
  last = std::min(last, units - 1);
  if (first > last) return {};
  return {.first = first * bits_per_unit, .last = last * bits_per_unit + bits_per_unit - 1};
}

// Byte `index` of `value`, with `filler` for its bits that are not in `range`.
std::uint8_t MaskedByte(std::string_view value, std::uint64_t index, const BitRange& range, bool filler) {
  unsigned mask = 0xff;
  if (index == static_cast<std::uint64_t>(range.first) / kBitsPerByte) mask &= 0xffU >> (range.first % kBitsPerByte);
  if (index == static_cast<std::uint64_t>(range.last) / kBitsPerByte) {
    mask &= 0xffU << (kBitsPerByte - 1 - range.last % kBitsPerByte);
  }
  const unsigned byte = ByteAt(value, index);
  return static_cast<std::uint8_t>(filler ? byte | ~mask : byte & mask);
}

std::uint64_t WordAt(std::string_view value, std::uint64_t index) {
  std::uint64_t word;
  std::memcpy(&word, value.data() + index, sizeof word);
  return word;
}

// The first and the last byte are masked; the ones between go by words.
std::int64_t CountBits(std::string_view value, const BitRange& range) {
  if (range.first > range.last) return 0;
  const std::uint64_t begin = static_cast<std::uint64_t>(range.first) / kBitsPerByte;
  const std::uint64_t last = static_cast<std::uint64_t>(range.last) / kBitsPerByte;
  std::int64_t count = std::popcount(MaskedByte(value, begin, range, false));
  if (begin == last) return count;
  count += std::popcount(MaskedByte(value, last, range, false));
  std::uint64_t at = begin + 1;
  for (; at + sizeof(std::uint64_t) <= last; at += sizeof(std::uint64_t)) count += std::popcount(WordAt(value, at));
  for (; at < last; ++at) count += std::popcount(ByteAt(value, at));
  return count;
}

// The first bit of `range` that is `wanted`; nullopt: there is none.
std::optional<std::int64_t> FindBit(std::string_view value, const BitRange& range, bool wanted) {
  if (range.first > range.last) return std::nullopt;
  const std::uint64_t begin = static_cast<std::uint64_t>(range.first) / kBitsPerByte;
  const std::uint64_t last = static_cast<std::uint64_t>(range.last) / kBitsPerByte;
  const std::uint64_t word_to_skip = wanted ? 0 : std::numeric_limits<std::uint64_t>::max();
  for (std::uint64_t at = begin; at <= last; ++at) {
    while (at > begin && at + sizeof(std::uint64_t) <= last && WordAt(value, at) == word_to_skip) {
      at += sizeof(std::uint64_t);
    }
    const std::uint8_t byte = MaskedByte(value, at, range, !wanted);
    const auto sought = static_cast<std::uint8_t>(wanted ? byte : ~byte);
    if (sought != 0) return static_cast<std::int64_t>(at * kBitsPerByte) + std::countl_zero(sought);
  }
  return std::nullopt;
}

// As Redis, which looks for the key before it looks at the range.
void BitCount(Call& call) {
  const Result<bool> is_there = call.keys.Read(call[1], [](const Entry&) {});
  if (!is_there) {
    call.Fail(is_there.error());
    return;
  }
  if (!*is_there) {
    call.reply.Integer(0);
    return;
  }
  std::int64_t first = 0;
  std::int64_t last = -1;
  Unit unit = Unit::kBytes;
  if (call.size() == 4 || call.size() == 5) {
    const auto given_first = ReadInteger(call, call[2]);
    if (!given_first) return;
    const auto given_last = ReadInteger(call, call[3]);
    if (!given_last) return;
    first = *given_first;
    last = *given_last;
    if (first < 0 && last < 0 && first > last) {
      call.reply.Integer(0);
      return;
    }
    if (call.size() == 5) {
      const auto given_unit = ReadUnit(call, call[4]);
      if (!given_unit) return;
      unit = *given_unit;
    }
  } else if (call.size() != 2) {
    call.FailSyntax();
    return;
  }
  std::int64_t count = 0;
  const Result<bool> found = call.keys.Read(call[1], [&](const Entry& entry) {
    count = CountBits(entry.value, RangeWithin(entry.value, first, last, unit));
  });
  if (found) {
    call.reply.Integer(*found ? count : 0);
  } else {
    call.Fail(found.error());
  }
}

struct PositionOptions {
  std::int64_t first = 0;
  std::int64_t last = -1;
  Unit unit = Unit::kBytes;
  bool has_last = false;
};

// nullopt: answered.
std::optional<PositionOptions> ReadPositionOptions(Call& call) {
  PositionOptions options;
  if (call.size() > 6) {
    call.FailSyntax();
    return std::nullopt;
  }
  if (call.size() > 3) {
    const auto first = ReadInteger(call, call[3]);
    if (!first) return std::nullopt;
    options.first = *first;
  }
  if (call.size() == 6) {
    const auto unit = ReadUnit(call, call[5]);
    if (!unit) return std::nullopt;
    options.unit = *unit;
  }
  if (call.size() > 4) {
    const auto last = ReadInteger(call, call[4]);
    if (!last) return std::nullopt;
    options.last = *last;
    options.has_last = true;
  }
  return options;
}

// A string without a clear bit is followed by one, unless the end of the range was given.
std::int64_t Position(std::string_view value, const PositionOptions& options, bool wanted) {
  const BitRange range = RangeWithin(value, options.first, options.last, options.unit);
  if (range.first > range.last) return -1;
  if (const auto found = FindBit(value, range, wanted)) return *found;
  return wanted || options.has_last ? -1 : static_cast<std::int64_t>(value.size() * kBitsPerByte);
}

void BitPos(Call& call) {
  const auto bit = ReadInteger(call, call[2]);
  if (!bit) return;
  if (*bit != 0 && *bit != 1) {
    call.Fail("ERR The bit argument must be 1 or 0.");
    return;
  }
  const Result<bool> is_there = call.keys.Read(call[1], [](const Entry&) {});
  if (!is_there) {
    call.Fail(is_there.error());
    return;
  }
  const std::int64_t of_nothing = *bit == 1 ? -1 : 0;
  if (!*is_there) {
    call.reply.Integer(of_nothing);
    return;
  }
  const auto options = ReadPositionOptions(call);
  if (!options) return;
  std::int64_t position = 0;
  const Result<bool> found =
      call.keys.Read(call[1], [&](const Entry& entry) { position = Position(entry.value, *options, *bit == 1); });
  if (found) {
    call.reply.Integer(*found ? position : of_nothing);
  } else {
    call.Fail(found.error());
  }
}

// --- BITOP, which runs alone ---

enum class BitOperation : std::uint8_t { kAnd, kOr, kXor, kNot };

std::optional<BitOperation> OperationOf(std::string_view word) {
  if (base::IsWord(word, "and")) return BitOperation::kAnd;
  if (base::IsWord(word, "or")) return BitOperation::kOr;
  if (base::IsWord(word, "xor")) return BitOperation::kXor;
  if (base::IsWord(word, "not")) return BitOperation::kNot;
  return std::nullopt;
}

// Takes one more source into `sum`; the shorter of the two counts as if it ended in zeroes.
void Combine(BitOperation operation, std::string_view source, std::string* sum) {
  if (source.size() > sum->size()) sum->resize(source.size(), '\0');
  const std::size_t common = source.size();
  char* const out = sum->data();
  switch (operation) {
    case BitOperation::kAnd:
      for (std::size_t i = 0; i < common; ++i) out[i] = static_cast<char>(out[i] & source[i]);
      std::fill(sum->begin() + static_cast<std::ptrdiff_t>(common), sum->end(), '\0');
      break;
    case BitOperation::kOr:
      for (std::size_t i = 0; i < common; ++i) out[i] = static_cast<char>(out[i] | source[i]);
      break;
    case BitOperation::kXor:
      for (std::size_t i = 0; i < common; ++i) out[i] = static_cast<char>(out[i] ^ source[i]);
      break;
    case BitOperation::kNot: break;  // Has one source only.
  }
}

// nullopt: answered.
std::optional<std::string> CombineSources(Call& call, BitOperation operation) {
  std::string sum;
  for (std::size_t i = 3; i < call.size(); ++i) {
    bool is_first = i == 3;
    const Result<bool> found = call.keys.Read(call[i], [&](const Entry& entry) {
      if (entry.value.size() > sum.size()) call.Claim(entry.value.size() - sum.size());
      if (is_first) {
        sum.assign(entry.value);
      } else {
        Combine(operation, entry.value, &sum);
      }
    });
    if (!found) {
      call.Fail(found.error());
      return std::nullopt;
    }
    if (!*found && !is_first) Combine(operation, {}, &sum);
  }
  if (operation == BitOperation::kNot) {
    std::transform(sum.begin(), sum.end(), sum.begin(), [](char c) { return static_cast<char>(~c); });
  }
  return sum;
}

void BitOp(Call& call) {
  const auto operation = OperationOf(call[1]);
  if (!operation) {
    call.FailSyntax();
    return;
  }
  if (*operation == BitOperation::kNot && call.size() != 4) {
    call.Fail("ERR BITOP NOT must be called with a single source key.");
    return;
  }
  const auto result = CombineSources(call, *operation);
  if (!result) return;
  Status status = Ok();
  if (!result->empty()) {
    const bool is_new = call.IsNewsThatNew(call[2]);
    status = call.keys.Set(call[2], *result);
    if (status) call.NotifySet(call[2], is_new, false);
  } else if (const Result<bool> removed = call.keys.Remove(call[2]); !removed) {
    status = removed.error();
  } else if (*removed) {
    call.Notify(EventClass::kGeneric, "del", call[2]);
  }
  if (status) {
    call.reply.Integer(static_cast<std::int64_t>(result->size()));
  } else {
    call.Fail(status.error());
  }
}

constexpr CommandSpec Bits(CommandSpec row) {
  row.group = "bitmap";
  if (row.keys.first == 0) row.keys = {.first = 1, .last = 1, .step = 1};
  return Row(row);
}

constexpr auto kRows = std::to_array<CommandSpec>({
    Bits({.full_name = "bitcount",
          .handler = BitCount,
          .arity = -2,
          .flags = kReadOnly,
          .key_flags = "RO access",
          .since = "2.6.0",
          .complexity = "O(N) in the bytes of the value",
          .summary = "Counts the bits that are set",
          .usage = "key [start end [BYTE|BIT]]"}),
    Bits({.full_name = "bitop",
          .handler = BitOp,
          .arity = -4,
          .flags = kWrite | kDenyOom | kExclusive,
          .keys = {.first = 2, .last = -1, .step = 1},
          .key_flags = "OW update; RO access",
          .since = "2.6.0",
          .complexity = "O(N) in the bytes of the values",
          .summary = "Combines the bits of values, and stores the result",
          .usage = "operation destkey key [key ...]"}),
    Bits({.full_name = "bitpos",
          .handler = BitPos,
          .arity = -3,
          .flags = kReadOnly,
          .key_flags = "RO access",
          .since = "2.8.7",
          .complexity = "O(N) in the bytes of the value",
          .summary = "Finds the first bit that is set, or clear",
          .usage = "key bit [start [end [BYTE|BIT]]]"}),
    Bits({.full_name = "getbit",
          .handler = GetBit,
          .arity = 3,
          .flags = kReadOnly | kFast,
          .key_flags = "RO access",
          .since = "2.2.0",
          .complexity = "O(N) in the bytes of the value, whose checksum is verified",
          .summary = "Tells whether a bit is set",
          .usage = "key offset"}),
    Bits({.full_name = "setbit",
          .handler = SetBit,
          .arity = 4,
          .flags = kWrite | kDenyOom,
          .key_flags = "RW access update",
          .since = "2.2.0",
          .complexity = "O(N) in the bytes of the value, which is written as a whole",
          .summary = "Sets or clears a bit, and tells what it was",
          .usage = "key offset value"}),
});

}  // namespace

std::optional<std::uint64_t> ReadFieldOffset(Call& call, std::string_view text, unsigned bits) {
  const bool counts_fields = bits > 0 && text.starts_with('#');
  const auto number = base::ParseDecimal(counts_fields ? text.substr(1) : text);
  std::int64_t offset = 0;
  const std::int64_t unit = counts_fields ? static_cast<std::int64_t>(bits) : 1;
  const bool is_good = number && *number >= 0 && !__builtin_mul_overflow(*number, unit, &offset) &&
                       static_cast<std::uint64_t>(offset) / kBitsPerByte < kValueBytesMax;
  if (is_good) return static_cast<std::uint64_t>(offset);
  call.Fail("ERR bit offset is not an integer or out of range");
  return std::nullopt;
}

std::optional<std::uint64_t> ReadBitOffset(Call& call, std::string_view text) { return ReadFieldOffset(call, text, 0); }

std::span<const CommandSpec> BitCommands() { return kRows; }

}  // namespace kvs::server
