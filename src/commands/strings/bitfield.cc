// BITFIELD and BITFIELD_RO: a string as an array of integers of any width.
#include <algorithm>
#include <array>
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

__extension__ using Wide = __int128;  // Holds every sum of a field and an increment.

constexpr std::uint64_t kBitsPerByte = 8;

enum class Overflow : std::uint8_t { kWrap, kSaturate, kFail };

struct FieldType {
  bool is_signed = false;
  unsigned bits = 0;  // 1..64, unsigned 1..63.

  Wide min() const { return is_signed ? -(Wide{1} << (bits - 1)) : Wide{0}; }
  Wide max() const { return (Wide{1} << (is_signed ? bits - 1 : bits)) - 1; }
};

struct FieldOperation {
  enum class Kind : std::uint8_t { kGet, kSet, kIncrBy } kind = Kind::kGet;
  FieldType type{};
  std::uint64_t offset = 0;
  std::int64_t operand = 0;
  Overflow overflow = Overflow::kWrap;
};

// nullopt: answered.
std::optional<FieldType> ReadType(Call& call, std::string_view text) {
  const bool has_sign = text.starts_with('i');
  const auto bits = text.empty() ? std::nullopt : base::ParseDecimal(text.substr(1));
  const std::int64_t bits_max = has_sign ? 64 : 63;
  if ((has_sign || text.starts_with('u')) && bits && *bits >= 1 && *bits <= bits_max) {
    return FieldType{.is_signed = has_sign, .bits = static_cast<unsigned>(*bits)};
  }
  call.Fail("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
  return std::nullopt;
}

// nullopt: answered.
std::optional<Overflow> ReadOverflow(Call& call, std::string_view text) {
  if (base::IsWord(text, "wrap")) return Overflow::kWrap;
  if (base::IsWord(text, "sat")) return Overflow::kSaturate;
  if (base::IsWord(text, "fail")) return Overflow::kFail;
  call.Fail("ERR Invalid OVERFLOW type specified");
  return std::nullopt;
}

// The operation at argument `at`. nullopt: answered.
std::optional<FieldOperation> ReadOperation(Call& call, std::size_t at) {
  const std::size_t left = call.size() - at - 1;
  FieldOperation operation;
  if (base::IsWord(call[at], "get") && left >= 2) {
    operation.kind = FieldOperation::Kind::kGet;
  } else if (base::IsWord(call[at], "set") && left >= 3) {
    operation.kind = FieldOperation::Kind::kSet;
  } else if (base::IsWord(call[at], "incrby") && left >= 3) {
    operation.kind = FieldOperation::Kind::kIncrBy;
  } else {
    call.FailSyntax();
    return std::nullopt;
  }
  const auto type = ReadType(call, call[at + 1]);
  if (!type) return std::nullopt;
  operation.type = *type;
  const auto offset = ReadFieldOffset(call, call[at + 2], type->bits);
  if (!offset) return std::nullopt;
  operation.offset = *offset;
  if (operation.kind != FieldOperation::Kind::kGet) {
    const auto operand = ReadInteger(call, call[at + 3]);
    if (!operand) return std::nullopt;
    operation.operand = *operand;
  }
  return operation;
}

// nullopt: answered.
std::optional<std::vector<FieldOperation>> ReadOperations(Call& call) {
  std::vector<FieldOperation> operations;
  Overflow overflow = Overflow::kWrap;
  for (std::size_t at = 2; at < call.size();) {
    if (base::IsWord(call[at], "overflow") && at + 1 < call.size()) {
      const auto given = ReadOverflow(call, call[at + 1]);
      if (!given) return std::nullopt;
      overflow = *given;
      at += 2;
      continue;
    }
    auto operation = ReadOperation(call, at);
    if (!operation) return std::nullopt;
    operation->overflow = overflow;
    at += operation->kind == FieldOperation::Kind::kGet ? 3 : 4;
    operations.push_back(*operation);
  }
  return operations;
}

// --- Fields ---

bool BitOf(std::string_view value, std::uint64_t bit) {
  const std::uint64_t byte = bit / kBitsPerByte;
  if (byte >= value.size()) return false;
  return ((static_cast<unsigned char>(value[byte]) >> (kBitsPerByte - 1 - bit % kBitsPerByte)) & 1U) != 0;
}

// Bits behind the end of `value` are clear.
Wide GetField(std::string_view value, const FieldType& type, std::uint64_t offset) {
  std::uint64_t field = 0;
  for (unsigned i = 0; i < type.bits; ++i) field = (field << 1) | (BitOf(value, offset + i) ? 1U : 0U);
  const bool is_negative = type.is_signed && ((field >> (type.bits - 1)) & 1U) != 0;
  return is_negative ? static_cast<Wide>(field) - (Wide{1} << type.bits) : static_cast<Wide>(field);
}

// `value` is long enough.
void SetField(std::string* value, const FieldType& type, std::uint64_t offset, Wide number) {
  const auto field = static_cast<std::uint64_t>(number);
  for (unsigned i = 0; i < type.bits; ++i) {
    const std::uint64_t bit = offset + i;
    char& byte = (*value)[bit / kBitsPerByte];
    const auto mask = static_cast<unsigned char>(0x80U >> (bit % kBitsPerByte));
    const bool is_set = ((field >> (type.bits - 1 - i)) & 1U) != 0;
    byte =
        static_cast<char>(is_set ? static_cast<unsigned char>(byte) | mask : static_cast<unsigned char>(byte) & ~mask);
  }
}

// What becomes of a number that is to be stored; nullopt: it does not fit, and nothing is to be stored.
std::optional<Wide> Fit(Wide number, const FieldType& type, Overflow overflow) {
  if (number >= type.min() && number <= type.max()) return number;
  switch (overflow) {
    case Overflow::kFail: return std::nullopt;
    case Overflow::kSaturate: return number > type.max() ? type.max() : type.min();
    case Overflow::kWrap: break;
  }
  const Wide span = Wide{1} << type.bits;
  Wide wrapped = number % span;
  if (wrapped < type.min()) wrapped += span;
  if (wrapped > type.max()) wrapped -= span;
  return wrapped;
}

using FieldReplies = std::vector<std::optional<std::int64_t>>;

std::optional<std::int64_t> Apply(const FieldOperation& operation, std::string* value) {
  const Wide before = GetField(*value, operation.type, operation.offset);
  const bool adds = operation.kind == FieldOperation::Kind::kIncrBy;
  Wide wanted = adds ? before + operation.operand : Wide{operation.operand};
  // Redis takes a negative number for an unsigned field as the large one of the same 64 bits.
  if (!adds && !operation.type.is_signed) wanted = static_cast<Wide>(static_cast<std::uint64_t>(operation.operand));
  const auto after = Fit(wanted, operation.type, operation.overflow);
  if (!after) return std::nullopt;
  SetField(value, operation.type, operation.offset, *after);
  return static_cast<std::int64_t>(adds ? *after : before);
}

void ReplyFields(Call& call, const FieldReplies& replies) {
  call.reply.Array(replies.size());
  for (const auto& field : replies) {
    if (field) {
      call.reply.Integer(*field);
    } else {
      call.reply.Null();
    }
  }
}

void GetFields(Call& call, const std::vector<FieldOperation>& operations) {
  FieldReplies replies;
  const auto get = [&](std::string_view value) {
    for (const FieldOperation& operation : operations) {
      replies.emplace_back(static_cast<std::int64_t>(GetField(value, operation.type, operation.offset)));
    }
  };
  const Result<bool> found = call.keys.Read(call[1], [&](const Entry& entry) { get(entry.value); });
  if (!found) {
    call.Fail(found.error());
    return;
  }
  if (!*found) get({});
  ReplyFields(call, replies);
}

// The value grows to hold every field that might be written, also where none is.
void ChangeFields(Call& call, const std::vector<FieldOperation>& operations) {
  std::uint64_t bytes_min = 0;
  for (const FieldOperation& operation : operations) {
    if (operation.kind == FieldOperation::Kind::kGet) continue;
    bytes_min = std::max(bytes_min, (operation.offset + operation.type.bits - 1) / kBitsPerByte + 1);
  }
  if (!CheckValueBytes(call, bytes_min)) return;
  FieldReplies replies;
  bool is_new = false;
  bool is_changed = false;
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    replies.clear();
    const std::string_view before = current ? current->value : std::string_view();
    call.Claim(std::max<std::size_t>(before.size(), bytes_min));
    std::string value(before);
    if (value.size() < bytes_min) value.resize(bytes_min, '\0');
    for (const FieldOperation& operation : operations) {
      if (operation.kind == FieldOperation::Kind::kGet) {
        replies.emplace_back(static_cast<std::int64_t>(GetField(value, operation.type, operation.offset)));
      } else {
        replies.push_back(Apply(operation, &value));
      }
    }
    is_new = !current;
    is_changed = !current || value != before;
    if (!is_changed) return UpdateDecision::Keep();
    return EntryDecision::Set(std::move(value), current ? current->expiry_ms : kNoExpiry);
  });
  if (status && is_changed) {
    if (is_new) call.Notify(EventClass::kNew, "new", call[1]);
    call.Notify(EventClass::kString, "setbit", call[1]);
  }
  if (status) {
    ReplyFields(call, replies);
  } else {
    call.Fail(status.error());
  }
}

bool IsReadOnly(const std::vector<FieldOperation>& operations) {
  return std::all_of(operations.begin(), operations.end(),
                     [](const FieldOperation& operation) { return operation.kind == FieldOperation::Kind::kGet; });
}

void BitField(Call& call) {
  const auto operations = ReadOperations(call);
  if (!operations) return;
  if (IsReadOnly(*operations)) {
    GetFields(call, *operations);
  } else {
    ChangeFields(call, *operations);
  }
}

void BitFieldRo(Call& call) {
  const auto operations = ReadOperations(call);
  if (!operations) return;
  if (IsReadOnly(*operations)) {
    GetFields(call, *operations);
  } else {
    call.Fail("ERR BITFIELD_RO only supports the GET subcommand");
  }
}

constexpr auto kRows = std::to_array<CommandSpec>({
    Row({.full_name = "bitfield",
         .handler = BitField,
         .arity = -2,
         .flags = kWrite | kDenyOom,
         .keys = {.first = 1, .last = 1, .step = 1},
         .key_flags = "RW access update variable_flags",
         .group = "bitmap",
         .since = "3.2.0",
         .complexity = "O(N) in the bytes of the value, which is written as a whole",
         .summary = "Reads and writes integers of any width in a value",
         .usage = "key [GET encoding offset|SET encoding offset value|INCRBY encoding offset increment|"
                  "OVERFLOW behavior] [operation ...]"}),
    Row({.full_name = "bitfield_ro",
         .handler = BitFieldRo,
         .arity = -2,
         .flags = kReadOnly | kFast,
         .keys = {.first = 1, .last = 1, .step = 1},
         .key_flags = "RO access",
         .group = "bitmap",
         .since = "6.2.0",
         .complexity = "O(N) in the bytes of the value, whose checksum is verified",
         .summary = "Reads integers of any width in a value",
         .usage = "key [GET encoding offset] [operation ...]"}),
});

}  // namespace

std::span<const CommandSpec> BitFieldCommands() { return kRows; }

}  // namespace kvs::server
