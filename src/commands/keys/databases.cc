// The commands between databases, of which there is one: they check what they are given, and refuse.
#include <array>
#include <limits>
#include <string>
#include <string_view>

#include "base/decimal.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"

namespace kvs::server {
namespace {

constexpr std::string_view kOutOfRange = "ERR DB index is out of range";

bool IsInt(const std::optional<std::int64_t>& number) {
  return number && *number >= std::numeric_limits<std::int32_t>::min() &&
         *number <= std::numeric_limits<std::int32_t>::max();
}

void Move(Call& call) {
  const auto index = base::ParseDecimal(call[2]);
  if (!index) {
    call.FailNotInteger();
  } else if (!IsInt(index)) {
    call.Fail("ERR value is out of range, value must between -2147483648 and 2147483647");
  } else if (*index != 0) {
    call.Fail(kOutOfRange);
  } else {
    call.Fail("ERR source and destination objects are the same");
  }
}

void SwapDb(Call& call) {
  const auto first = base::ParseDecimal(call[1]);
  const auto second = base::ParseDecimal(call[2]);
  if (!IsInt(first)) {
    call.Fail("ERR invalid first DB index");
  } else if (!IsInt(second)) {
    call.Fail("ERR invalid second DB index");
  } else if (*first != 0 || *second != 0) {
    call.Fail(kOutOfRange);
  } else {
    call.reply.Ok();
  }
}

constexpr auto kRows = std::to_array<CommandSpec>({
    Row({.full_name = "move",
         .handler = Move,
         .arity = 3,
         .flags = kWrite | kFast,
         .keys = {.first = 1, .last = 1, .step = 1},
         .key_flags = "RW access update",
         .group = "generic",
         .since = "1.0.0",
         .complexity = "O(1)",
         .summary = "Moves a key to another database",
         .usage = "key db",
         .differences = "There is one database, 0: always an error."}),
    Row({.full_name = "swapdb",
         .handler = SwapDb,
         .arity = 3,
         .flags = kWrite | kFast | kDangerous,
         .group = "server",
         .since = "4.0.0",
         .complexity = "O(1)",
         .summary = "Swaps two databases",
         .usage = "index1 index2",
         .differences = "There is one database, 0, which can be swapped with itself."}),
});

}  // namespace

std::span<const CommandSpec> DatabaseCommands() { return kRows; }

}  // namespace kvs::server
