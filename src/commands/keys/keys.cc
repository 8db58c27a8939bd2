// The commands on keys, whatever their values: removing, finding, renaming. Walking over all of them has a file of its
// own.
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/decimal.h"
#include "base/letters.h"
#include "commands/keys/walks.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"

namespace kvs::server {
namespace {

// The command runs alone if it removes several keys.
void Del(Call& call) {
  if (call.size() == 2) {
    const Result<bool> removed = call.keys.Remove(call[1]);
    if (removed && *removed) call.Notify(EventClass::kGeneric, "del", call[1]);
    if (removed) {
      call.reply.Integer(*removed ? 1 : 0);
    } else {
      call.Fail(removed.error());
    }
    return;
  }
  WriteBatch batch;
  std::vector<std::string_view> keys(call.arguments.begin() + 1, call.arguments.end());
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (const std::string_view key : keys) {
    const Result<bool> found = call.keys.Read(key, [](const Entry&) {});
    if (!found) {
      call.Fail(found.error());
      return;
    }
    if (*found) batch.Remove(key);
  }
  const Status status = batch.empty() ? Ok() : call.keys.Write(batch);
  if (status) {
    for (const WriteBatch::Operation& operation : batch.operations()) {
      call.Notify(EventClass::kGeneric, "del", operation.key);
    }
    call.reply.Integer(static_cast<std::int64_t>(batch.size()));
  } else {
    call.Fail(status.error());
  }
}

// A key that is named twice counts twice.
void Exists(Call& call) {
  std::int64_t count = 0;
  for (const std::string_view key : call.arguments.subspan(1)) {
    const Result<bool> found = call.keys.Read(key, [](const Entry&) {});
    if (!found) {
      call.Fail(found.error());
      return;
    }
    if (!*found) call.NotifyMiss(key);
    count += *found ? 1 : 0;
  }
  call.reply.Integer(count);
}

void Type(Call& call) {
  const Result<bool> found = call.keys.Read(call[1], [](const Entry&) {});
  if (found && !*found) call.NotifyMiss(call[1]);
  if (found) {
    call.reply.Simple(*found ? "string" : "none");
  } else {
    call.Fail(found.error());
  }
}

// --- From one key to another; these run alone ---

struct OwnedEntry {
  std::string value;
  Expiry expiry_ms;
};

Result<std::optional<OwnedEntry>> ReadOwned(Call& call, std::string_view key) {
  std::optional<OwnedEntry> owned;
  const Result<bool> found = call.keys.Read(key, [&](const Entry& entry) {
    call.Claim(entry.value.size());
    owned = {.value = std::string(entry.value), .expiry_ms = entry.expiry_ms};
  });
  if (!found) return found.error();
  return owned;
}

// In one batch, if the value fits into it. A larger one is set and then removed, so a crash in between leaves both
// keys; other clients never see both, since the command runs alone.
Status Move(Call& call, const OwnedEntry& entry) {
  constexpr std::size_t kBesidesValue = std::size_t{1} << 20;
  if (entry.value.size() > kBatchBytesMax - kBesidesValue && !call.is_queued) {
    if (Status set = call.keys.Set(call[2], entry.value, entry.expiry_ms); !set) return set;
    const Result<bool> removed = call.keys.Remove(call[1]);
    return removed ? Ok() : Status(removed.error());
  }
  call.Claim(entry.value.size());
  WriteBatch batch;
  batch.Remove(call[1]);
  batch.Set(call[2], entry.value, entry.expiry_ms);
  return call.keys.Write(batch);
}

enum class Target : std::uint8_t { kReplaced, kKept };

// nullopt: answered. Otherwise whether it was renamed.
std::optional<bool> RenameKey(Call& call, Target target) {
  const auto entry = ReadOwned(call, call[1]);
  if (!entry) {
    call.Fail(entry.error());
    return std::nullopt;
  }
  if (!*entry) {
    call.Fail("ERR no such key");
    return std::nullopt;
  }
  if (call[1] == call[2]) return target == Target::kReplaced;
  if (target == Target::kKept) {
    const Result<bool> is_there = call.keys.Read(call[2], [](const Entry&) {});
    if (!is_there) {
      call.Fail(is_there.error());
      return std::nullopt;
    }
    if (*is_there) return false;
  }
  const Status status = Move(call, **entry);
  if (status) {
    call.Notify(EventClass::kNew, "new", call[2]);  // Redis removes what was there before.
    call.Notify(EventClass::kGeneric, "rename_from", call[1]);
    call.Notify(EventClass::kGeneric, "rename_to", call[2]);
    return true;
  }
  call.Fail(status.error());
  return std::nullopt;
}

void Rename(Call& call) {
  if (RenameKey(call, Target::kReplaced)) call.reply.Ok();
}

void RenameNx(Call& call) {
  if (const auto is_renamed = RenameKey(call, Target::kKept)) call.reply.Integer(*is_renamed ? 1 : 0);
}

// nullopt: answered.
std::optional<Target> ReadCopyOptions(Call& call) {
  Target target = Target::kKept;
  for (std::size_t i = 3; i < call.size(); ++i) {
    if (base::IsWord(call[i], "replace")) {
      target = Target::kReplaced;
    } else if (base::IsWord(call[i], "db") && i + 1 < call.size()) {
      const auto index = ReadInteger(call, call[++i]);
      if (!index) return std::nullopt;
      if (*index != 0) {
        call.Fail("ERR DB index is out of range");
        return std::nullopt;
      }
    } else {
      call.FailSyntax();
      return std::nullopt;
    }
  }
  return target;
}

void Copy(Call& call) {
  const auto target = ReadCopyOptions(call);
  if (!target) return;
  if (call[1] == call[2]) {
    call.Fail("ERR source and destination objects are the same");
    return;
  }
  const auto entry = ReadOwned(call, call[1]);
  const Result<bool> is_there = call.keys.Read(call[2], [](const Entry&) {});
  if (!entry || !is_there) {
    call.Fail(entry ? is_there.error() : entry.error());
    return;
  }
  if (!*entry || (*is_there && *target == Target::kKept)) {
    call.reply.Integer(0);
    return;
  }
  const Status status = call.keys.Set(call[2], (*entry)->value, (*entry)->expiry_ms);
  if (status) {
    call.Notify(EventClass::kNew, "new", call[2]);
    call.Notify(EventClass::kGeneric, "copy_to", call[2]);
    call.reply.Integer(1);
  } else {
    call.Fail(status.error());
  }
}

// --- OBJECT ---

constexpr std::size_t kEmbeddedBytesMax = 44;  // Redis keeps longer strings in a block of their own.

// Whether there is a value to talk about. False: answered.
bool FindObject(Call& call, ValueVisitor visit) {
  const Result<bool> found = call.keys.Read(call[2], [&](const Entry& entry) { visit(entry.value); });
  if (found && *found) return true;
  if (found) {
    call.reply.Null();
  } else {
    call.Fail(found.error());
  }
  return false;
}

// What Redis would say, of a value that was set as it is.
void ObjectEncoding(Call& call) {
  std::string_view encoding;
  const bool is_there = FindObject(call, [&](std::string_view value) {
    encoding = base::ParseDecimal(value) ? "int" : value.size() <= kEmbeddedBytesMax ? "embstr" : "raw";
  });
  if (is_there) call.reply.Bulk(encoding);
}

void ObjectRefCount(Call& call) {
  if (FindObject(call, [](std::string_view) {})) call.reply.Integer(1);
}

void ObjectIdleTime(Call& call) {
  if (FindObject(call, [](std::string_view) {})) call.reply.Integer(0);
}

void ObjectFreq(Call& call) {
  if (!FindObject(call, [](std::string_view) {})) return;
  call.Fail(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching "
      "between policies at runtime LRU and LFU data will take some time to adjust.");
}

constexpr CommandSpec Object(CommandSpec row) {
  row.group = "generic";
  row.complexity = "O(1)";
  if (row.handler != ReplyHelp) {
    row.flags = kReadOnly;
    row.keys = {.first = 2, .last = 2, .step = 1};
    row.key_flags = "RO";
    row.usage = "key";
  }
  return Row(row);
}

constexpr auto kObjectSubcommands = std::to_array<CommandSpec>({
    Object({.full_name = "object|encoding",
            .handler = ObjectEncoding,
            .arity = 3,
            .since = "2.2.3",
            .summary = "Tells how Redis would keep a value",
            .differences = "int, embstr or raw by the value alone."}),
    Object({.full_name = "object|freq",
            .handler = ObjectFreq,
            .arity = 3,
            .since = "4.0.0",
            .summary = "Tells how often a key is accessed",
            .differences = "Always the error that Redis gives without an LFU policy."}),
    Object({.full_name = "object|help",
            .handler = ReplyHelp,
            .arity = 2,
            .flags = kLoading | kStale,
            .since = "6.2.0",
            .summary = "Prints this help"}),
    Object({.full_name = "object|idletime",
            .handler = ObjectIdleTime,
            .arity = 3,
            .since = "2.2.3",
            .summary = "Tells for how long a key was not accessed",
            .differences = "Always 0: access times are not kept."}),
    Object({.full_name = "object|refcount",
            .handler = ObjectRefCount,
            .arity = 3,
            .since = "2.2.3",
            .summary = "Tells how many references a value has",
            .differences = "Always 1."}),
});

constexpr KeyPositions kAllKeys{.first = 1, .last = -1, .step = 1};
constexpr KeyPositions kTwoKeys{.first = 1, .last = 2, .step = 1};

constexpr CommandSpec Generic(CommandSpec row) {
  row.group = "generic";
  if (row.complexity.empty()) row.complexity = "O(1)";
  return Row(row);
}

constexpr auto kRows = std::to_array<CommandSpec>({
    Generic({.full_name = "copy",
             .handler = Copy,
             .arity = -3,
             .flags = kWrite | kDenyOom | kExclusive,
             .keys = kTwoKeys,
             .key_flags = "RO access; OW update",
             .since = "6.2.0",
             .complexity = "O(N) in the bytes of the value",
             .summary = "Copies a value, and its expiry, to another key",
             .usage = "source destination [DB destination-db] [REPLACE]",
             .differences = "There is one database, 0."}),
    Generic({.full_name = "del",
             .handler = Del,
             .arity = -2,
             .flags = kWrite | kExclusiveMany,
             .keys = kAllKeys,
             .key_flags = "RM delete",
             .since = "1.0.0",
             .complexity = "O(N) in the keys",
             .summary = "Removes keys",
             .usage = "key [key ...]"}),
    Generic({.full_name = "exists",
             .handler = Exists,
             .arity = -2,
             .flags = kReadOnly | kFast,
             .keys = kAllKeys,
             .key_flags = "RO",
             .since = "1.0.0",
             .complexity = "O(N) in the keys",
             .summary = "Counts which of the keys are there",
             .usage = "key [key ...]"}),
    Generic({.full_name = "keys",
             .handler = Keys,
             .arity = 2,
             .flags = kReadOnly | kDangerous,
             .since = "1.0.0",
             .complexity = "O(N) in the keys that begin as the pattern does",
             .summary = "Lists the keys that match a pattern",
             .usage = "pattern",
             .differences =
                 "In the order of the keys. Others may write meanwhile, but for inside of EXEC. A reply beyond "
                 "64 MiB is refused."}),
    Generic({.full_name = "object",
             .arity = -2,
             .since = "2.2.3",
             .complexity = "Depends on the subcommand",
             .summary = "A container of commands about how values are kept",
             .subcommands = kObjectSubcommands}),
    Generic({.full_name = "randomkey",
             .handler = RandomKey,
             .arity = 1,
             .flags = kReadOnly,
             .since = "1.0.0",
             .complexity = "O(log N) in the keys",
             .summary = "Replies with some key",
             .differences = "Inside of EXEC, and with other engines, not every key has the same chance."}),
    Generic({.full_name = "rename",
             .handler = Rename,
             .arity = 3,
             .flags = kWrite | kExclusive,
             .keys = kTwoKeys,
             .key_flags = "RW access delete; OW update",
             .since = "1.0.0",
             .complexity = "O(N) in the bytes of the value",
             .summary = "Moves a value, and its expiry, to another key",
             .usage = "key newkey",
             .differences = "A crash can leave a value of more than 255 MiB at both keys."}),
    Generic({.full_name = "renamenx",
             .handler = RenameNx,
             .arity = 3,
             .flags = kWrite | kFast | kExclusive,
             .keys = kTwoKeys,
             .key_flags = "RW access delete; OW insert",
             .since = "1.0.0",
             .complexity = "O(N) in the bytes of the value",
             .summary = "Moves a value, and its expiry, to a key that is not there",
             .usage = "key newkey",
             .differences = "A crash can leave a value of more than 255 MiB at both keys."}),
    Generic({.full_name = "scan",
             .handler = Scan,
             .arity = -2,
             .flags = kReadOnly,
             .since = "2.8.0",
             .complexity = "O(N) in COUNT",
             .summary = "Walks over the keys, some in each call",
             .usage = "cursor [MATCH pattern] [COUNT count] [TYPE type]",
             .differences = "In the order of the keys, from those that begin as the pattern does. A cursor that the "
                            "server does not know makes it start over. A call looks at 16,384 keys at most."}),
    Generic({.full_name = "touch",
             .handler = Exists,
             .arity = -2,
             .flags = kReadOnly | kFast,
             .keys = kAllKeys,
             .key_flags = "RO",
             .since = "3.2.1",
             .complexity = "O(N) in the keys",
             .summary = "Counts which of the keys are there",
             .usage = "key [key ...]",
             .differences = "Access times are not kept."}),
    Generic({.full_name = "type",
             .handler = Type,
             .arity = 2,
             .flags = kReadOnly | kFast,
             .keys = {.first = 1, .last = 1, .step = 1},
             .key_flags = "RO",
             .since = "1.0.0",
             .summary = "Tells the type of a value: string, or none",
             .usage = "key"}),
    Generic({.full_name = "unlink",
             .handler = Del,
             .arity = -2,
             .flags = kWrite | kFast | kExclusiveMany,
             .keys = kAllKeys,
             .key_flags = "RM delete",
             .since = "4.0.0",
             .complexity = "O(N) in the keys",
             .summary = "Removes keys, as DEL does",
             .usage = "key [key ...]"}),
});

}  // namespace

std::span<const CommandSpec> KeyspaceCommands() { return kRows; }

}  // namespace kvs::server
