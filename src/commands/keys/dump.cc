// DUMP and RESTORE: values on their way between servers.
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/letters.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"
#include "protocol/dump_payload.h"

namespace kvs::server {
namespace {

void Dump(Call& call) {
  std::string payload;
  const Result<bool> found = call.keys.Read(call[1], [&](const Entry& entry) {
    call.Claim(entry.value.size());
    payload = protocol::EncodeDump(entry.value);
  });
  if (!found) {
    call.Fail(found.error());
  } else if (*found) {
    call.reply.Bulk(payload);
  } else {
    call.reply.Null();
  }
}

struct RestoreOptions {
  bool replaces = false;
  bool is_time_absolute = false;
};

// IDLETIME and FREQ are checked, and have no effect: accesses are not counted. nullopt: answered.
std::optional<RestoreOptions> ReadRestoreOptions(Call& call) {
  RestoreOptions options;
  bool has_idle_time = false;
  bool has_frequency = false;
  for (std::size_t i = 4; i < call.size(); ++i) {
    const bool has_more = i + 1 < call.size();
    if (base::IsWord(call[i], "replace")) {
      options.replaces = true;
    } else if (base::IsWord(call[i], "absttl")) {
      options.is_time_absolute = true;
    } else if (base::IsWord(call[i], "idletime") && has_more && !has_frequency) {
      const auto seconds = ReadInteger(call, call[++i]);
      if (!seconds) return std::nullopt;
      if (*seconds < 0) {
        call.Fail("ERR Invalid IDLETIME value, must be >= 0");
        return std::nullopt;
      }
      has_idle_time = true;
    } else if (base::IsWord(call[i], "freq") && has_more && !has_idle_time) {
      const auto frequency = ReadInteger(call, call[++i]);
      if (!frequency) return std::nullopt;
      if (*frequency < 0 || *frequency > std::numeric_limits<std::uint8_t>::max()) {
        call.Fail("ERR Invalid FREQ value, must be >= 0 and <= 255");
        return std::nullopt;
      }
      has_frequency = true;
    } else {
      call.FailSyntax();
      return std::nullopt;
    }
  }
  return options;
}

// The point in time from which on the restored pair is absent. nullopt: answered.
std::optional<Expiry> ReadTimeToLive(Call& call, const RestoreOptions& options) {
  const auto ttl = ReadInteger(call, call[2]);
  if (!ttl) return std::nullopt;
  const auto now = SignedTime(call.keys.NowMs());
  const bool is_relative = *ttl != 0 && !options.is_time_absolute;
  if (*ttl < 0 || (is_relative && *ttl > std::numeric_limits<std::int64_t>::max() - now)) {
    call.Fail("ERR Invalid TTL value, must be >= 0");
    return std::nullopt;
  }
  return is_relative ? ExpiryAt(*ttl + now, TimeBase::kNow) : ExpiryAt(*ttl, TimeBase::k1970);
}

// nullopt: answered.
std::optional<std::string> ReadPayload(Call& call) {
  auto decoded =
      protocol::DecodeDump(call[3], [&](std::size_t bytes) { call.Claim(2 * bytes); });  // One for the update.
  if (auto* const value = std::get_if<std::string>(&decoded)) return std::move(*value);
  switch (std::get<protocol::DumpFault>(decoded)) {
    case protocol::DumpFault::kVersionOrChecksum: call.Fail("ERR DUMP payload version or checksum are wrong"); break;
    case protocol::DumpFault::kFormat: call.Fail("ERR Bad data format"); break;
    case protocol::DumpFault::kOtherType: call.Fail("ERR Bad data format: only strings can be kept here"); break;
  }
  return std::nullopt;
}

void FailBusy(Call& call) { call.Fail("BUSYKEY Target key name already exists."); }

// Redis looks for the key before it looks at the rest, and so do we; whether it is still there is for the update to
// say.
void Restore(Call& call) {
  const auto options = ReadRestoreOptions(call);
  if (!options) return;
  const Result<bool> is_there = call.keys.Read(call[1], [](const Entry&) {});
  if (!is_there) {
    call.Fail(is_there.error());
    return;
  }
  if (*is_there && !options->replaces) {
    FailBusy(call);
    return;
  }
  const auto expiry_ms = ReadTimeToLive(call, *options);
  if (!expiry_ms) return;
  const auto value = ReadPayload(call);
  if (!value) return;
  const bool has_expired = *expiry_ms != kNoExpiry && *expiry_ms <= call.keys.NowMs();
  bool is_busy = false;
  const Status status = call.keys.Update(call[1], [&](const std::optional<Entry>& current) -> EntryDecision {
    is_busy = current && !options->replaces;
    if (is_busy) return UpdateDecision::Keep();
    if (has_expired) return current ? UpdateDecision::Remove() : UpdateDecision::Keep();
    return EntryDecision::Set(*value, *expiry_ms);
  });
  if (is_busy) {
    FailBusy(call);
  } else {
    if (status && !has_expired) {
      call.Notify(EventClass::kNew, "new", call[1]);
      call.Notify(EventClass::kGeneric, "restore", call[1]);
    }
    call.ReplyStatus(status);
  }
}

constexpr KeyPositions kOneKey{.first = 1, .last = 1, .step = 1};

constexpr auto kRows = std::to_array<CommandSpec>({
    Row({.full_name = "dump",
         .handler = Dump,
         .arity = 2,
         .flags = kReadOnly,
         .keys = kOneKey,
         .key_flags = "RO access",
         .group = "generic",
         .since = "2.6.0",
         .complexity = "O(N) in the bytes of the value",
         .summary = "Replies with a value in a form that RESTORE takes, here and in Redis",
         .usage = "key",
         .differences = "Never compressed, as with rdbcompression no."}),
    Row({.full_name = "restore",
         .handler = Restore,
         .arity = -4,
         .flags = kWrite | kDenyOom | kDangerous,
         .keys = kOneKey,
         .key_flags = "OW update",
         .group = "generic",
         .since = "2.6.0",
         .complexity = "O(N) in the bytes of the value",
         .summary = "Sets a key to what DUMP replied with, here or in Redis",
         .usage = "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
         .differences = "Strings only, compressed or not. IDLETIME and FREQ are checked, and have no effect. An engine "
                        "without expiry refuses a time."}),
});

}  // namespace

std::span<const CommandSpec> DumpCommands() { return kRows; }

}  // namespace kvs::server
