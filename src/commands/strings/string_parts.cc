// The commands on a part of a string: appending, cutting out, overwriting, measuring.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "commands/table/command_table.h"
#include "commands/table/parsing.h"
#include "keyspace/read_into.h"

namespace kvs::server {
namespace {

void Append(Call& call) {
  std::uint64_t bytes = 0;
  bool is_new = false;
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    is_new = !current;
    bytes = (current ? current->value.size() : 0) + call[2].size();
    if (bytes > kValueBytesMax) return UpdateDecision::Keep();
    call.Claim(bytes);
    std::string value;
    value.reserve(bytes);
    if (current) value += current->value;
    value += call[2];
    return EntryDecision::Set(std::move(value), current ? current->expiry_ms : kNoExpiry);
  });
  if (!status) {
    call.Fail(status.error());
  } else if (CheckValueBytes(call, bytes)) {
    if (is_new) call.Notify(EventClass::kNew, "new", call[1]);
    call.Notify(EventClass::kString, "append", call[1]);
    call.reply.Integer(static_cast<std::int64_t>(bytes));
  }
}

void StrLen(Call& call) {
  std::size_t bytes = 0;
  const Result<bool> found = call.keys.Read(call[1], [&](const Entry& entry) { bytes = entry.value.size(); });
  if (found && !*found) call.NotifyMiss(call[1]);
  if (found) {
    call.reply.Integer(static_cast<std::int64_t>(bytes));
  } else {
    call.Fail(found.error());
  }
}

// The bytes from `first` to `last`, both counted from the end where negative, and clamped.
std::string_view Range(std::string_view value, std::int64_t first, std::int64_t last) {
  const auto bytes = static_cast<std::int64_t>(value.size());
  if (first < 0 && last < 0 && first > last) return {};
  if (first < 0) first = std::max<std::int64_t>(first + bytes, 0);
  if (last < 0) last = std::max<std::int64_t>(last + bytes, 0);
  last = std::min(last, bytes - 1);
  if (first > last || bytes == 0) return {};
  return value.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first + 1));
}

void GetRange(Call& call) {
  const auto first = ReadInteger(call, call[2]);
  if (!first) return;
  const auto last = ReadInteger(call, call[3]);
  if (!last) return;
  const Result<bool> found = ReadInto(call.reply.out(), [&] {
    return call.keys.Read(call[1], [&](const Entry& entry) { call.reply.Bulk(Range(entry.value, *first, *last)); });
  });
  if (found && *found) return;
  if (found) {
    call.NotifyMiss(call[1]);
    call.reply.Bulk("");
  } else {
    call.Fail(found.error());
  }
}

void SetRange(Call& call) {
  const auto offset = ReadInteger(call, call[2]);
  if (!offset) return;
  if (*offset < 0) {
    call.Fail("ERR offset is out of range");
    return;
  }
  const std::string_view part = call[3];
  const std::uint64_t end = static_cast<std::uint64_t>(*offset) + part.size();
  if (!part.empty() && !CheckValueBytes(call, end)) return;
  std::uint64_t bytes = 0;
  bool is_new = false;
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    is_new = !current;
    bytes = current ? current->value.size() : 0;
    if (part.empty()) return UpdateDecision::Keep();
    bytes = std::max(bytes, end);
    call.Claim(bytes);
    std::string value;
    value.reserve(bytes);
    value.assign(current ? current->value : std::string_view());
    value.resize(bytes, '\0');
    value.replace(static_cast<std::size_t>(*offset), part.size(), part);
    return EntryDecision::Set(std::move(value), current ? current->expiry_ms : kNoExpiry);
  });
  if (status && !part.empty()) {
    if (is_new) call.Notify(EventClass::kNew, "new", call[1]);
    call.Notify(EventClass::kString, "setrange", call[1]);
  }
  if (status) {
    call.reply.Integer(static_cast<std::int64_t>(bytes));
  } else {
    call.Fail(status.error());
  }
}

constexpr CommandSpec String(CommandSpec row) {
  row.group = "string";
  if (row.complexity.empty()) row.complexity = "O(1)";
  row.keys = {.first = 1, .last = 1, .step = 1};
  return Row(row);
}

constexpr auto kRows = std::to_array<CommandSpec>({
    String({.full_name = "append",
            .handler = Append,
            .arity = 3,
            .flags = kWrite | kDenyOom | kFast,
            .key_flags = "RW insert",
            .since = "2.0.0",
            .complexity = "O(N) in the bytes of the value, which is written as a whole",
            .summary = "Appends to a value, and sets it where there is none",
            .usage = "key value"}),
    String({.full_name = "getrange",
            .handler = GetRange,
            .arity = 4,
            .flags = kReadOnly,
            .key_flags = "RO access",
            .since = "2.4.0",
            .complexity = "O(N) in the bytes of the value, whose checksum is verified",
            .summary = "Replies with a part of a value",
            .usage = "key start end"}),
    String({.full_name = "setrange",
            .handler = SetRange,
            .arity = 4,
            .flags = kWrite | kDenyOom,
            .key_flags = "RW update",
            .since = "2.2.0",
            .complexity = "O(N) in the bytes of the value, which is written as a whole",
            .summary = "Overwrites a part of a value, and fills what is missing with zeroes",
            .usage = "key offset value"}),
    String({.full_name = "strlen",
            .handler = StrLen,
            .arity = 2,
            .flags = kReadOnly | kFast,
            .key_flags = "RO",
            .since = "2.2.0",
            .summary = "Tells how many bytes a value has",
            .usage = "key"}),
    String({.full_name = "substr",
            .handler = GetRange,
            .arity = 4,
            .flags = kReadOnly,
            .key_flags = "RO access",
            .since = "1.0.0",
            .complexity = "O(N) in the bytes of the value, whose checksum is verified",
            .summary = "The old name of GETRANGE",
            .usage = "key start end"}),
});

}  // namespace

std::span<const CommandSpec> StringPartCommands() { return kRows; }

}  // namespace kvs::server
