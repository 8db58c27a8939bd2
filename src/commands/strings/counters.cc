// The commands that count: INCR, DECR, and their kin.
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/decimal.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"

namespace kvs::server {
namespace {

// Whether an update has failed, or refused the number that it found. True: answered.
bool HasFailed(Call& call, const Status& status, std::string_view complaint) {
  if (status && complaint.empty()) return false;
  if (status) {
    call.Fail(complaint);
  } else {
    call.Fail(status.error());
  }
  return true;
}

void Add(Call& call, std::int64_t increment) {
  std::int64_t sum = 0;
  bool is_new = false;
  std::string_view complaint;
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    const auto number = current ? base::ParseDecimal(current->value) : std::optional<std::int64_t>(0);
    complaint = {};
    is_new = !current;
    if (!number) {
      complaint = "ERR value is not an integer or out of range";
    } else if (__builtin_add_overflow(*number, increment, &sum)) {
      complaint = "ERR increment or decrement would overflow";
    }
    if (!complaint.empty()) return UpdateDecision::Keep();
    return EntryDecision::Set(std::to_string(sum), current ? current->expiry_ms : kNoExpiry);
  });
  if (HasFailed(call, status, complaint)) return;
  if (is_new) call.Notify(EventClass::kNew, "new", call[1]);
  call.Notify(EventClass::kString, "incrby", call[1]);
  call.reply.Integer(sum);
}

void Incr(Call& call) { Add(call, 1); }
void Decr(Call& call) { Add(call, -1); }

void IncrBy(Call& call) {
  if (const auto increment = ReadInteger(call, call[2])) Add(call, *increment);
}

void DecrBy(Call& call) {
  const auto decrement = ReadInteger(call, call[2]);
  if (!decrement) return;
  if (*decrement == std::numeric_limits<std::int64_t>::min()) {
    call.Fail("ERR decrement would overflow");
    return;
  }
  Add(call, -*decrement);
}

// --- Floating point, as long double ---

constexpr std::size_t kFloatCharactersMax =
    std::size_t{5} * 1'024;  // 1e4932 has that many when written without an exponent.

// As Redis reads one: no space around it, no NaN, nothing that overflows or underflows.
std::optional<long double> ParseFloat(std::string_view text) {
  const bool begins_with_space =
      !text.empty() && (text.front() == ' ' || (text.front() >= '\t' && text.front() <= '\r'));
  if (text.empty() || text.size() >= kFloatCharactersMax || begins_with_space) return std::nullopt;
  const std::string terminated(text);
  char* end = nullptr;
  errno = 0;
  const long double number = std::strtold(terminated.c_str(), &end);
  if (end != terminated.c_str() + terminated.size() || std::isnan(number)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(number) || std::fpclassify(number) == FP_ZERO)) return std::nullopt;
  return number;
}

// 17 digits behind the point, without the zeroes at the end.
std::string FloatText(long double number) {
  char buffer[kFloatCharactersMax];
  const int characters = std::snprintf(buffer, sizeof buffer, "%.17Lf", number);
  std::string text(buffer, static_cast<std::size_t>(characters));
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

void IncrByFloat(Call& call) {
  const auto increment = ParseFloat(call[2]);
  std::string sum;
  bool is_new = false;
  std::string_view complaint;
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    const auto number = current ? ParseFloat(current->value) : std::optional<long double>(0);
    complaint = {};
    is_new = !current;
    if (!number || !increment) {
      complaint = "ERR value is not a valid float";
    } else if (!std::isfinite(*number + *increment)) {
      complaint = "ERR increment would produce NaN or Infinity";
    }
    if (!complaint.empty()) return UpdateDecision::Keep();
    sum = FloatText(*number + *increment);
    return EntryDecision::Set(sum, current ? current->expiry_ms : kNoExpiry);
  });
  if (HasFailed(call, status, complaint)) return;
  if (is_new) call.Notify(EventClass::kNew, "new", call[1]);
  call.Notify(EventClass::kString, "incrbyfloat", call[1]);
  call.reply.Bulk(sum);
}

constexpr CommandSpec Counter(CommandSpec row) {
  row.group = "string";
  row.complexity = "O(1)";
  row.keys = {.first = 1, .last = 1, .step = 1};
  row.flags = kWrite | kDenyOom | kFast;
  row.key_flags = "RW access update";
  return Row(row);
}

constexpr auto kRows = std::to_array<CommandSpec>({
    Counter({.full_name = "decr",
             .handler = Decr,
             .arity = 2,
             .since = "1.0.0",
             .summary = "Takes one from a number",
             .usage = "key"}),
    Counter({.full_name = "decrby",
             .handler = DecrBy,
             .arity = 3,
             .since = "1.0.0",
             .summary = "Takes from a number",
             .usage = "key decrement"}),
    Counter({.full_name = "incr",
             .handler = Incr,
             .arity = 2,
             .since = "1.0.0",
             .summary = "Adds one to a number",
             .usage = "key"}),
    Counter({.full_name = "incrby",
             .handler = IncrBy,
             .arity = 3,
             .since = "1.0.0",
             .summary = "Adds to a number",
             .usage = "key increment"}),
    Counter({.full_name = "incrbyfloat",
             .handler = IncrByFloat,
             .arity = 3,
             .since = "2.6.0",
             .summary = "Adds to a number with a fraction",
             .usage = "key increment"}),
});

}  // namespace

std::span<const CommandSpec> CounterCommands() { return kRows; }

}  // namespace kvs::server
