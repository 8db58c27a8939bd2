// The commands about when a key expires.
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/letters.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"

namespace kvs::server {
namespace {

struct ExpireConditions {
  bool nx = false;  // Only where there is no expiry.
  bool xx = false;  // Only where there is one.
  bool gt = false;  // Only to a later one; none is the latest.
  bool lt = false;  // Only to an earlier one.
};

// nullopt: answered.
std::optional<ExpireConditions> ReadConditions(Call& call) {
  ExpireConditions conditions;
  for (const std::string_view word : call.arguments.subspan(3)) {
    if (base::IsWord(word, "nx")) {
      conditions.nx = true;
    } else if (base::IsWord(word, "xx")) {
      conditions.xx = true;
    } else if (base::IsWord(word, "gt")) {
      conditions.gt = true;
    } else if (base::IsWord(word, "lt")) {
      conditions.lt = true;
    } else {
      call.Fail("ERR Unsupported option " + std::string(base::UpToZero(word)));
      return std::nullopt;
    }
  }
  if (conditions.nx && (conditions.xx || conditions.gt || conditions.lt)) {
    call.Fail("ERR NX and XX, GT or LT options at the same time are not compatible");
    return std::nullopt;
  }
  if (conditions.gt && conditions.lt) {
    call.Fail("ERR GT and LT options at the same time are not compatible");
    return std::nullopt;
  }
  return conditions;
}

bool AreMet(const ExpireConditions& conditions, std::int64_t time, std::uint64_t current_ms) {
  const bool has_current = current_ms != kNoExpiry;
  const std::int64_t current = SignedTime(current_ms);
  if (conditions.nx && has_current) return false;
  if (conditions.xx && !has_current) return false;
  if (conditions.gt && (!has_current || time <= current)) return false;
  return !(conditions.lt && has_current && time >= current);
}

// A time that has passed removes the key.
void ExpireAt(Call& call, TimeUnit unit, TimeBase base) {
  const auto conditions = ReadConditions(call);
  if (!conditions) return;
  const auto time = ReadTime(call, call[2], unit, base, Past::kAllowed);
  if (!time) return;
  const std::int64_t now = SignedTime(call.keys.NowMs());
  bool is_done = false;
  const bool has_passed = *time <= now;
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    is_done = current && AreMet(*conditions, *time, current->expiry_ms);
    if (!is_done) return UpdateDecision::Keep();
    if (has_passed) return UpdateDecision::Remove();
    return EntryDecision::Set(std::string(current->value), ExpiryAt(*time, base));
  });
  if (status && is_done) call.Notify(EventClass::kGeneric, has_passed ? "del" : "expire", call[1]);
  if (status) {
    call.reply.Integer(is_done ? 1 : 0);
  } else {
    call.Fail(status.error());
  }
}

void Expire(Call& call) { ExpireAt(call, TimeUnit::kSeconds, TimeBase::kNow); }
void PExpire(Call& call) { ExpireAt(call, TimeUnit::kMilliseconds, TimeBase::kNow); }
void ExpireAtSeconds(Call& call) { ExpireAt(call, TimeUnit::kSeconds, TimeBase::k1970); }
void PExpireAt(Call& call) { ExpireAt(call, TimeUnit::kMilliseconds, TimeBase::k1970); }

std::int64_t RoundToSeconds(std::int64_t ms) { return ms / 1'000 + (ms % 1'000 >= 500 ? 1 : 0); }

void ReplyExpiry(Call& call, TimeUnit unit, TimeBase base) {
  const std::int64_t now = SignedTime(call.keys.NowMs());  // First: what is left of a span is told by that clock.
  std::uint64_t expiry_ms = kNoExpiry;
  const Result<bool> found = call.keys.Read(call[1], [&](const Entry& entry) { expiry_ms = entry.expiry_ms; });
  if (!found) {
    call.Fail(found.error());
  } else if (!*found) {
    call.NotifyMiss(call[1]);
    call.reply.Integer(-2);
  } else if (expiry_ms == kNoExpiry) {
    call.reply.Integer(-1);
  } else {
    std::int64_t time = SignedTime(expiry_ms);
    if (base == TimeBase::kNow) time = std::max<std::int64_t>(time - now, 0);
    call.reply.Integer(unit == TimeUnit::kSeconds ? RoundToSeconds(time) : time);
  }
}

void Ttl(Call& call) { ReplyExpiry(call, TimeUnit::kSeconds, TimeBase::kNow); }
void PTtl(Call& call) { ReplyExpiry(call, TimeUnit::kMilliseconds, TimeBase::kNow); }
void ExpireTime(Call& call) { ReplyExpiry(call, TimeUnit::kSeconds, TimeBase::k1970); }
void PExpireTime(Call& call) { ReplyExpiry(call, TimeUnit::kMilliseconds, TimeBase::k1970); }

void Persist(Call& call) {
  bool is_done = false;
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    is_done = current && current->expiry_ms != kNoExpiry;
    return is_done ? UpdateDecision::Set(std::string(current->value)) : UpdateDecision::Keep();
  });
  if (status && is_done) call.Notify(EventClass::kGeneric, "persist", call[1]);
  if (status) {
    call.reply.Integer(is_done ? 1 : 0);
  } else {
    call.Fail(status.error());
  }
}

constexpr CommandSpec Expiry(CommandSpec row) {
  row.group = "generic";
  row.keys = {.first = 1, .last = 1, .step = 1};
  if (row.complexity.empty()) row.complexity = "O(1)";
  if (row.arity == -3) {
    row.flags = kWrite | kFast;
    row.key_flags = "RW update";
    row.complexity = "O(N) in the bytes of the value, which is written again";
    row.differences = "An engine without expiry refuses it.";
  } else if (row.flags == 0) {
    row.flags = kReadOnly | kFast;
    row.key_flags = "RO access";
  }
  return Row(row);
}

constexpr auto kRows = std::to_array<CommandSpec>({
    Expiry({.full_name = "expire",
            .handler = Expire,
            .arity = -3,
            .since = "1.0.0",
            .summary = "Has a key expire after seconds",
            .usage = "key seconds [NX|XX|GT|LT]"}),
    Expiry({.full_name = "expireat",
            .handler = ExpireAtSeconds,
            .arity = -3,
            .since = "1.2.0",
            .summary = "Has a key expire at a second since 1970",
            .usage = "key unix-time-seconds [NX|XX|GT|LT]"}),
    Expiry({.full_name = "expiretime",
            .handler = ExpireTime,
            .arity = 2,
            .since = "7.0.0",
            .summary = "Tells the second since 1970 at which a key expires",
            .usage = "key"}),
    Expiry({.full_name = "persist",
            .handler = Persist,
            .arity = 2,
            .flags = kWrite | kFast,
            .key_flags = "RW update",
            .since = "2.2.0",
            .summary = "Has a key expire no more",
            .usage = "key"}),
    Expiry({.full_name = "pexpire",
            .handler = PExpire,
            .arity = -3,
            .since = "2.6.0",
            .summary = "Has a key expire after milliseconds",
            .usage = "key milliseconds [NX|XX|GT|LT]"}),
    Expiry({.full_name = "pexpireat",
            .handler = PExpireAt,
            .arity = -3,
            .since = "2.6.0",
            .summary = "Has a key expire at a millisecond since 1970",
            .usage = "key unix-time-milliseconds [NX|XX|GT|LT]"}),
    Expiry({.full_name = "pexpiretime",
            .handler = PExpireTime,
            .arity = 2,
            .since = "7.0.0",
            .summary = "Tells the millisecond since 1970 at which a key expires",
            .usage = "key"}),
    Expiry({.full_name = "pttl",
            .handler = PTtl,
            .arity = 2,
            .since = "2.6.0",
            .summary = "Tells how many milliseconds a key has left",
            .usage = "key"}),
    Expiry({.full_name = "ttl",
            .handler = Ttl,
            .arity = 2,
            .since = "1.0.0",
            .summary = "Tells how many seconds a key has left",
            .usage = "key"}),
});

}  // namespace

std::span<const CommandSpec> ExpiryCommands() { return kRows; }

}  // namespace kvs::server
