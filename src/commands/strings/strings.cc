// The commands on one string value as a whole. Counting, many values and parts of one have files of their own.
#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/letters.h"
#include "commands/keys/expiry_options.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"
#include "keyspace/read_into.h"

namespace kvs::server {
namespace {

std::string ClaimedCopy(Call& call, std::string_view bytes) {
  call.Claim(bytes.size());
  return std::string(bytes);
}

// Straight from the engine into the output.
void Get(Call& call) {
  const Result<bool> found = ReadInto(call.reply.out(), [&] {
    return call.keys.Read(call[1], [&](const Entry& entry) { call.reply.Bulk(entry.value); });
  });
  if (found && *found) {
    ++call.counts.hits;
    return;
  }
  if (!found) {
    call.Fail(found.error());
    return;
  }
  ++call.counts.misses;
  call.NotifyMiss(call[1]);
  call.reply.Null();
}

// Sets, whatever is there, and replies.
void SetTo(Call& call, std::string_view value, Expiry expiry_ms) {
  const bool is_new = call.IsNewsThatNew(call[1]);
  const Status status = call.keys.Set(call[1], value, expiry_ms);
  if (status) call.NotifySet(call[1], is_new, expiry_ms != kNoExpiry);
  call.ReplyStatus(status);
}

// --- SET ---

enum class Condition : std::uint8_t { kNone, kAbsent, kPresent, kEqual };

struct SetOptions {
  Condition condition = Condition::kNone;
  std::string_view comparison{};  // Of kEqual.
  bool gets = false;
  ExpiryOptions expiry{};
};

// nullopt: answered.
std::optional<SetOptions> ReadSetOptions(Call& call) {
  SetOptions options;
  for (std::size_t i = 3; i < call.size(); ++i) {
    const bool has_more = i + 1 < call.size();
    const Condition condition = options.condition;
    if (base::IsWord(call[i], "nx") && (condition == Condition::kNone || condition == Condition::kAbsent)) {
      options.condition = Condition::kAbsent;
    } else if (base::IsWord(call[i], "xx") && (condition == Condition::kNone || condition == Condition::kPresent)) {
      options.condition = Condition::kPresent;
    } else if (base::IsWord(call[i], "ifeq") && condition == Condition::kNone && has_more) {
      options.condition = Condition::kEqual;
      options.comparison = call[++i];
    } else if (base::IsWord(call[i], "get")) {
      options.gets = true;
    } else if (!options.expiry.Take(call.arguments, &i, "keepttl")) {
      call.FailSyntax();
      return std::nullopt;
    }
  }
  return options;
}

bool IsMet(const SetOptions& options, const std::optional<Entry>& current) {
  switch (options.condition) {
    case Condition::kNone: return true;
    case Condition::kAbsent: return !current;
    case Condition::kPresent: return current.has_value();
    case Condition::kEqual: return current && current->value == options.comparison;
  }
  return false;
}

void SetWithOptions(Call& call) {
  const auto options = ReadSetOptions(call);
  if (!options) return;
  const auto read = options->expiry.has_time() ? options->expiry.ReadTimeOf(call) : std::optional<Expiry>(kNoExpiry);
  if (!read) return;
  const Expiry expiry_ms = *read;
  if (options->condition == Condition::kNone && !options->gets && !options->expiry.keeps()) {
    SetTo(call, call[2], expiry_ms);
    return;
  }
  bool is_set = false;
  bool is_new = false;
  std::optional<std::string> old;
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    old.reset();
    is_new = !current;
    if (options->gets && current) old = ClaimedCopy(call, current->value);
    is_set = IsMet(*options, current);
    if (!is_set) return UpdateDecision::Keep();
    const bool keeps = options->expiry.keeps() && current;
    return EntryDecision::Set(ClaimedCopy(call, call[2]), keeps ? current->expiry_ms : expiry_ms);
  });
  if (status && options->gets && is_new) call.NotifyMiss(call[1]);
  if (status && is_set) call.NotifySet(call[1], is_new, expiry_ms != kNoExpiry);
  if (!status) {
    call.Fail(status.error());
  } else if (options->gets) {
    call.reply.BulkOrNull(old);
  } else if (is_set) {
    call.reply.Ok();
  } else {
    call.reply.Null();
  }
}

void Set(Call& call) {
  if (call.size() == 3) {
    SetTo(call, call[2], kNoExpiry);
  } else {
    SetWithOptions(call);
  }
}

void SetNx(Call& call) {
  bool is_set = false;
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    is_set = !current;
    return is_set ? UpdateDecision::Set(ClaimedCopy(call, call[2])) : UpdateDecision::Keep();
  });
  if (status && is_set) call.NotifySet(call[1], true, false);
  if (status) {
    call.reply.Integer(is_set ? 1 : 0);
  } else {
    call.Fail(status.error());
  }
}

void SetFor(Call& call, TimeUnit unit) {
  const auto time = ReadTime(call, call[2], unit, TimeBase::kNow, Past::kRefused);
  if (time) SetTo(call, call[3], ExpiryAt(*time, TimeBase::kNow));
}
void SetEx(Call& call) { SetFor(call, TimeUnit::kSeconds); }
void PSetEx(Call& call) { SetFor(call, TimeUnit::kMilliseconds); }

// --- Reading and changing in one ---

void GetSet(Call& call) {
  std::optional<std::string> old;
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    old = current ? std::optional<std::string>(ClaimedCopy(call, current->value)) : std::nullopt;
    return UpdateDecision::Set(ClaimedCopy(call, call[2]));
  });
  if (status && !old) call.NotifyMiss(call[1]);
  if (status) call.NotifySet(call[1], !old, false);
  if (status) {
    call.reply.BulkOrNull(old);
  } else {
    call.Fail(status.error());
  }
}

void GetDel(Call& call) {
  std::optional<std::string> old;
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    old = current ? std::optional<std::string>(ClaimedCopy(call, current->value)) : std::nullopt;
    return UpdateDecision::Remove();
  });
  if (status && old) call.Notify(EventClass::kGeneric, "del", call[1]);
  if (status && !old) call.NotifyMiss(call[1]);
  if (status) {
    call.reply.BulkOrNull(old);
  } else {
    call.Fail(status.error());
  }
}

void GetEx(Call& call) {
  ExpiryOptions options;
  for (std::size_t i = 2; i < call.size(); ++i) {
    if (!options.Take(call.arguments, &i, "persist")) {
      call.FailSyntax();
      return;
    }
  }
  if (options.is_empty()) {
    Get(call);
    return;
  }
  const Result<bool> is_there = call.keys.Read(call[1], [](const Entry&) {});
  if (is_there && !*is_there) {  // A time that makes no sense is an error for keys that are there.
    call.NotifyMiss(call[1]);
    call.reply.Null();
    return;
  }
  const auto read = options.has_time() ? options.ReadTimeOf(call) : std::optional<Expiry>(kNoExpiry);
  if (!read) return;
  const Expiry expiry_ms = *read;
  std::optional<std::string> value;
  std::string_view event;
  const std::uint64_t now = call.keys.NowMs();
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    value = current ? std::optional<std::string>(ClaimedCopy(call, current->value)) : std::nullopt;
    event = {};
    if (!current || (current->expiry_ms == kNoExpiry && expiry_ms == kNoExpiry)) return UpdateDecision::Keep();
    event = expiry_ms == kNoExpiry ? "persist" : expiry_ms <= now ? "del" : "expire";
    if (event == "del") return UpdateDecision::Remove();
    return EntryDecision::Set(*value, expiry_ms);
  });
  if (status && !event.empty()) call.Notify(EventClass::kGeneric, event, call[1]);
  if (status) {
    call.reply.BulkOrNull(value);
  } else {
    call.Fail(status.error());
  }
}

constexpr KeyPositions kOneKey{.first = 1, .last = 1, .step = 1};

constexpr CommandSpec String(CommandSpec row) {
  row.group = "string";
  if (row.complexity.empty()) row.complexity = "O(1)";
  if (row.keys.first == 0) row.keys = kOneKey;
  return Row(row);
}

constexpr std::string_view kNoExpiryElsewhere = "An engine without expiry refuses a time.";

constexpr auto kRows = std::to_array<CommandSpec>({
    String({.full_name = "get",
            .handler = Get,
            .arity = 2,
            .flags = kReadOnly | kFast,
            .key_flags = "RO access",
            .since = "1.0.0",
            .summary = "Replies with a value",
            .usage = "key"}),
    String({.full_name = "getdel",
            .handler = GetDel,
            .arity = 2,
            .flags = kWrite | kFast,
            .key_flags = "RW access delete",
            .since = "6.2.0",
            .summary = "Replies with a value and removes its key",
            .usage = "key"}),
    String({.full_name = "getex",
            .handler = GetEx,
            .arity = -2,
            .flags = kWrite | kFast,
            .key_flags = "RW access update",
            .since = "6.2.0",
            .summary = "Replies with a value and sets or drops its expiry",
            .usage = "key [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|PERSIST]",
            .differences = kNoExpiryElsewhere}),
    String({.full_name = "getset",
            .handler = GetSet,
            .arity = 3,
            .flags = kWrite | kDenyOom | kFast,
            .key_flags = "RW access update",
            .since = "1.0.0",
            .summary = "Sets a value and replies with the one before",
            .usage = "key value"}),
    String({.full_name = "psetex",
            .handler = PSetEx,
            .arity = 4,
            .flags = kWrite | kDenyOom,
            .key_flags = "OW update",
            .since = "2.6.0",
            .summary = "Sets a value that expires after milliseconds",
            .usage = "key milliseconds value",
            .differences = kNoExpiryElsewhere}),
    String({.full_name = "set",
            .handler = Set,
            .arity = -3,
            .flags = kWrite | kDenyOom,
            .key_flags = "RW access update variable_flags",
            .since = "1.0.0",
            .summary = "Sets a value",
            .usage = "key value [NX|XX|IFEQ comparison] [GET] "
                     "[EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]",
            .differences = "IFEQ, of Redis 8: only if the current value equals it. A key has at most 65,535 bytes. An "
                           "engine without expiry refuses a time."}),
    String({.full_name = "setex",
            .handler = SetEx,
            .arity = 4,
            .flags = kWrite | kDenyOom,
            .key_flags = "OW update",
            .since = "2.0.0",
            .summary = "Sets a value that expires after seconds",
            .usage = "key seconds value",
            .differences = kNoExpiryElsewhere}),
    String({.full_name = "setnx",
            .handler = SetNx,
            .arity = 3,
            .flags = kWrite | kDenyOom | kFast,
            .key_flags = "OW insert",
            .since = "1.0.0",
            .summary = "Sets a value if its key is not there",
            .usage = "key value"}),
});

}  // namespace

std::span<const CommandSpec> StringCommands() { return kRows; }

}  // namespace kvs::server
