// MONITOR, SLOWLOG, CLIENT TRACKING and CLIENT PAUSE: commands about the commands of others.
#include "commands/clients/observing.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/decimal.h"
#include "base/letters.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"
#include "commands/table/secrets.h"
#include "io/socket.h"

namespace kvs::server {
namespace {

constexpr std::uint32_t kAdministration = kAdmin | kDangerous | kLoading | kStale;

void RememberKey(Call& call, std::string_view key) {
  Observation& observation = call.server.observation;
  observation.tracking.Remember(call.client, key);
  std::uint64_t expiry_ms = kNoExpiry;
  const Result<bool> found =
      call.server.engine.ReadEntry(key, [&](const Entry& entry) { expiry_ms = entry.expiry_ms; });
  if (found && expiry_ms != kNoExpiry) observation.expiries.Note(key, expiry_ms);
}

void Monitor(Call& call) {
  if (call.is_queued) {
    call.Fail("ERR MONITOR isn't allowed for DENY BLOCKING client");
    return;
  }
  call.server.observation.monitors.Enter(call.client);
  call.reply.Ok();
}

// --- SLOWLOG ---

void SlowLogGet(Call& call) {
  constexpr std::int64_t kShown = 10;
  std::int64_t count = kShown;
  if (call.size() > 3) {
    call.Fail("ERR wrong number of arguments for 'slowlog|get' command");
    return;
  }
  if (call.size() == 3) {
    const auto asked = base::ParseDecimal(call[2]);
    if (!asked || *asked < -1) {
      call.Fail("ERR count should be greater than or equal to -1");
      return;
    }
    count = *asked == -1 ? std::numeric_limits<std::int64_t>::max() : *asked;
  }
  const auto entries = call.server.observation.slow_log.Newest(static_cast<std::size_t>(count));
  call.reply.Array(entries.size());
  for (const SlowLog::Entry& entry : entries) {
    call.reply.Array(6);
    call.reply.Integer(static_cast<std::int64_t>(entry.id));
    call.reply.Integer(entry.time_s);
    call.reply.Integer(entry.microseconds);
    call.reply.Array(entry.arguments.size());
    for (const std::string& argument : entry.arguments) call.reply.Bulk(argument);
    call.reply.Bulk(entry.peer);
    call.reply.Bulk(entry.client_name);
  }
}

void SlowLogLen(Call& call) { call.reply.Integer(static_cast<std::int64_t>(call.server.observation.slow_log.size())); }

void SlowLogReset(Call& call) {
  call.server.observation.slow_log.Reset();
  call.reply.Ok();
}

// --- Waiting ---

// Milliseconds from now on; nullopt: answered.
std::optional<std::int64_t> ReadTimeout(Call& call, std::string_view text) {
  const auto timeout_ms = base::ParseDecimal(text);
  if (!timeout_ms) {
    call.Fail("ERR timeout is not an integer or out of range");
    return std::nullopt;
  }
  if (*timeout_ms < 0) {
    call.Fail("ERR timeout is negative");
    return std::nullopt;
  }
  return timeout_ms;
}

constexpr std::int64_t kLongestMs = std::int64_t{1} << 40;  // Some decades: what does not overflow a clock.

// There are no replicas, so a client that waits for some waits for its timeout; 0: until CLIENT UNBLOCK.
void Block(Call& call, std::int64_t timeout_ms, ClientState::Block block) {
  if (timeout_ms > 0) {
    block.until = ClientState::Clock::now() + std::chrono::milliseconds(std::min(timeout_ms, kLongestMs));
    call.server.observation.alarms.Set(*block.until, call.client.outbox);
  }
  call.client.unblocked.store(ClientState::kStaysBlocked, std::memory_order_relaxed);  // R1
  call.client.is_blocked.store(true, std::memory_order_relaxed);                       // R1
  call.client.block = block;
}

void Wait(Call& call) {
  const auto replicas = ReadInteger(call, call[1]);
  if (!replicas) return;
  const auto timeout_ms = ReadTimeout(call, call[2]);
  if (!timeout_ms) return;
  if (*replicas <= 0 || call.is_queued) {
    call.reply.Integer(0);
  } else {
    Block(call, *timeout_ms, {});
  }
}

// A sync of the log is what makes the local copy durable.
void WaitAof(Call& call) {
  const auto local = ReadInteger(call, call[1]);
  if (!local) return;
  if (*local < 0 || *local > 1) {
    call.Fail("ERR value is out of range, value must between 0 and 1");
    return;
  }
  const auto replicas = ReadInteger(call, call[2]);
  if (!replicas) return;
  if (*replicas < 0) {
    call.Fail("ERR value is out of range, must be positive");
    return;
  }
  const auto timeout_ms = ReadTimeout(call, call[3]);
  if (!timeout_ms) return;
  const bool waits = *replicas > 0 && !call.is_queued;
  if (waits) {
    Block(call, *timeout_ms, {.synced = local});
    return;
  }
  call.needs_sync = *local == 1;
  call.reply.Array(2);
  call.reply.Integer(*local);
  call.reply.Integer(0);
}

// --- CLIENT TRACKING ---

// nullopt: answered.
std::optional<TrackingOptions> ReadTrackingOptions(Call& call) {
  TrackingOptions options;
  bool is_opt_in = false;
  bool is_opt_out = false;
  for (std::size_t i = 3; i < call.size(); ++i) {
    const bool has_more = i + 1 < call.size();
    if (base::IsWord(call[i], "redirect") && has_more) {
      const auto id = ReadInteger(call, call[++i]);
      if (!id) return std::nullopt;
      options.redirect = static_cast<std::uint64_t>(*id);
      if (!call.server.clients.Find(options.redirect, [](const ClientState&) {})) {
        call.Fail("ERR The client ID you want redirect to does not exist");
        return std::nullopt;
      }
    } else if (base::IsWord(call[i], "bcast")) {
      options.is_broadcast = true;
    } else if (base::IsWord(call[i], "optin")) {
      is_opt_in = true;
    } else if (base::IsWord(call[i], "optout")) {
      is_opt_out = true;
    } else if (base::IsWord(call[i], "noloop")) {
      options.is_no_loop = true;
    } else if (base::IsWord(call[i], "prefix") && has_more) {
      options.prefixes.emplace_back(call[++i]);
    } else {
      call.FailSyntax();
      return std::nullopt;
    }
  }
  options.choice = is_opt_in    ? TrackingChoice::kOptIn
                   : is_opt_out ? TrackingChoice::kOptOut
                                : TrackingChoice::kAllReads;
  if (is_opt_in && is_opt_out && base::IsWord(call[2], "on") && !options.is_broadcast) {
    call.Fail("ERR You can't specify both OPTIN mode and OPTOUT mode");
    return std::nullopt;
  }
  return options;
}

bool Overlap(std::string_view a, std::string_view b) { return a.starts_with(b) || b.starts_with(a); }

// The one of `prefixes`, none of which overlaps with another, that overlaps with `prefix`: if there is one, it is the
// next in order or the one before. nullptr: there is none.
const std::string* FindOverlap(const std::set<std::string>& prefixes, const std::string& prefix) {
  const auto next = prefixes.lower_bound(prefix);
  if (next != prefixes.end() && Overlap(*next, prefix)) return &*next;
  if (next != prefixes.begin() && Overlap(*std::prev(next), prefix)) return &*std::prev(next);
  return nullptr;
}

// False: answered.
bool CheckPrefixes(Call& call, const TrackingOptions& options) {
  std::set<std::string> provided;
  for (const std::string& prefix : options.prefixes) {
    if (const std::string* existing = FindOverlap(call.client.tracking.prefixes, prefix)) {
      call.Fail("ERR Prefix '" + prefix + "' overlaps with an existing prefix '" + *existing +
                "'. Prefixes for a single client must not overlap.");
      return false;
    }
    if (const std::string* other = FindOverlap(provided, prefix)) {
      call.Fail("ERR Prefix '" + *other + "' overlaps with another provided prefix '" + prefix +
                "'. Prefixes for a single client must not overlap.");
      return false;
    }
    provided.insert(prefix);
  }
  return true;
}

// False: answered.
bool CheckTracking(Call& call, const TrackingOptions& options) {
  const TrackingState& current = call.client.tracking;
  if (!options.is_broadcast && !options.prefixes.empty()) {
    call.Fail("ERR PREFIX option requires BCAST mode to be enabled");
  } else if (current.is_on && current.options.is_broadcast != options.is_broadcast) {
    call.Fail(
        "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it "
        "with a different mode.");
  } else if (options.is_broadcast && options.choice != TrackingChoice::kAllReads) {
    call.Fail("ERR OPTIN and OPTOUT are not compatible with BCAST");
  } else if (current.is_on && current.options.choice != TrackingChoice::kAllReads &&
             options.choice != TrackingChoice::kAllReads && current.options.choice != options.choice) {
    call.Fail(
        "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it "
        "with a different mode.");
  } else {
    return !options.is_broadcast || CheckPrefixes(call, options);
  }
  return false;
}

constexpr CommandSpec Server(CommandSpec row) {
  row.group = "server";
  if (row.complexity.empty()) row.complexity = "O(1)";
  return Row(row);
}

constexpr auto kSlowLogSubcommands = std::to_array<CommandSpec>({
    Server({.full_name = "slowlog|get",
            .handler = SlowLogGet,
            .arity = -2,
            .flags = kAdministration,
            .since = "2.2.12",
            .complexity = "O(N) in the entries",
            .summary = "Tells about the latest slow commands",
            .usage = "[count]"}),
    Server({.full_name = "slowlog|help",
            .handler = ReplyHelp,
            .arity = 2,
            .flags = kLoading | kStale,
            .since = "6.2.0",
            .summary = "Prints this help"}),
    Server({.full_name = "slowlog|len",
            .handler = SlowLogLen,
            .arity = 2,
            .flags = kAdministration,
            .since = "2.2.12",
            .summary = "Counts the slow commands that are kept"}),
    Server({.full_name = "slowlog|reset",
            .handler = SlowLogReset,
            .arity = 2,
            .flags = kAdministration,
            .since = "2.2.12",
            .complexity = "O(N) in the entries",
            .summary = "Forgets the slow commands"}),
});

constexpr auto kRows = std::to_array<CommandSpec>({
    Server({.full_name = "monitor",
            .handler = Monitor,
            .arity = 1,
            .flags = kAdministration | kNoScript | kExclusive,
            .since = "1.0.0",
            .summary = "Shows every command that the server runs",
            .differences = "Commands that other threads run at the same time come in either order."}),
    Server({.full_name = "slowlog",
            .arity = -2,
            .since = "2.2.12",
            .complexity = "Depends on the subcommand",
            .summary = "A container of commands about slow commands",
            .differences = "From slowlog-log-slower-than 10000 on, times are those of the kernel's ticks, and GETs or "
                           "SETs that came together count as one.",
            .subcommands = kSlowLogSubcommands}),
    Row({.full_name = "wait",
         .handler = Wait,
         .arity = 3,
         .flags = kNoScript,
         .group = "generic",
         .since = "3.0.0",
         .complexity = "O(1)",
         .summary = "Waits for replicas: there are none, so for the timeout",
         .usage = "numreplicas timeout"}),
    Row({.full_name = "waitaof",
         .handler = WaitAof,
         .arity = 4,
         .flags = kNoScript,
         .group = "generic",
         .since = "7.2.0",
         .complexity = "O(1), and a sync of the disk",
         .summary = "Replies when what was written before survives power loss",
         .usage = "numlocal numreplicas timeout",
         .differences = "There are no replicas."}),
});

}  // namespace

void BeforeObserved(Call& call) {
  TrackingState& tracking = call.client.tracking;
  if (!tracking.is_on || tracking.options.is_broadcast || !call.spec.has(kReadOnly) || call.spec.keys.first == 0)
    return;
  if (tracking.options.choice == TrackingChoice::kOptIn && !tracking.has_chosen) return;
  if (tracking.options.choice == TrackingChoice::kOptOut && tracking.has_chosen) return;
  const auto count = static_cast<int>(call.size());
  const int last = call.spec.keys.last < 0 ? count + call.spec.keys.last : call.spec.keys.last;
  for (int i = call.spec.keys.first; i <= last && i < count; i += call.spec.keys.step) {
    RememberKey(call, call[static_cast<std::size_t>(i)]);
  }
}

void AfterObserved(Call& call) {
  const std::uint32_t bits = call.server.observation.observers.bits();
  if ((bits & Observers::kMonitors) == 0 || call.spec.has(kAdmin)) return;
  call.server.observation.monitors.Show(call.client.socket, WithoutSecrets(call.spec, call.arguments));
}

void NoteDuration(const Caller& caller, ServerState& server, const CommandSpec& spec,
                  std::span<const std::string_view> arguments, std::chrono::steady_clock::duration duration) {
  const std::int64_t microseconds = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  server.observation.latency.Note(spec.has(kFast) ? "fast-command" : "command", duration);
  if (!server.observation.slow_log.IsSlow(microseconds) || spec.has(kSkipSlowlog)) return;
  server.observation.slow_log.Add(
      {.microseconds = microseconds, .peer = io::PeerText(caller.socket), .client_name = std::string(caller.name)},
      WithoutSecrets(spec, arguments));
}

void ClientTracking(Call& call) {
  const auto options = ReadTrackingOptions(call);
  if (!options) return;
  if (base::IsWord(call[2], "on")) {
    if (!CheckTracking(call, *options)) return;
    call.server.observation.tracking.Enter(call.client, *options);
  } else if (base::IsWord(call[2], "off")) {
    call.server.observation.tracking.Leave(call.client);
  } else {
    call.FailSyntax();
    return;
  }
  call.server.observation.Update();
  call.reply.Ok();
}

void ClientCaching(Call& call) {
  TrackingState& tracking = call.client.tracking;
  const TrackingChoice choice = tracking.options.choice;
  if (!tracking.is_on || choice == TrackingChoice::kAllReads) {
    call.Fail(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled");
  } else if (!base::IsWord(call[2], "yes") && !base::IsWord(call[2], "no")) {
    call.FailSyntax();
  } else if (base::IsWord(call[2], "yes") && choice != TrackingChoice::kOptIn) {
    call.Fail("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
  } else if (base::IsWord(call[2], "no") && choice != TrackingChoice::kOptOut) {
    call.Fail("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
  } else {
    tracking.has_chosen = true;
    call.reply.Ok();
  }
}

void ClientTrackingInfo(Call& call) {
  const TrackingState& tracking = call.client.tracking;
  std::vector<std::string_view> flags = {tracking.is_on ? "on" : "off"};
  if (tracking.options.is_broadcast) flags.emplace_back("bcast");
  if (tracking.options.choice == TrackingChoice::kOptIn) {
    flags.emplace_back("optin");
    if (tracking.has_chosen) flags.emplace_back("caching-yes");
  }
  if (tracking.options.choice == TrackingChoice::kOptOut) {
    flags.emplace_back("optout");
    if (tracking.has_chosen) flags.emplace_back("caching-no");
  }
  if (tracking.options.is_no_loop) flags.emplace_back("noloop");
  if (tracking.is_broken.load(std::memory_order_relaxed)) flags.emplace_back("broken_redirect");  // R1
  call.reply.Map(3);
  call.reply.Bulk("flags");
  call.reply.Set(flags.size());
  for (const std::string_view flag : flags) call.reply.Bulk(flag);
  call.reply.Bulk("redirect");
  call.reply.Integer(tracking.shown.load(std::memory_order_relaxed));  // R1
  call.reply.Bulk("prefixes");
  call.reply.Array(tracking.prefixes.size());
  for (const std::string& prefix : tracking.prefixes) call.reply.Bulk(prefix);
}

void ClientGetRedirection(Call& call) {
  call.reply.Integer(call.client.tracking.shown.load(std::memory_order_relaxed));  // R1
}

void ClientPause(Call& call) {
  if (call.size() > 4) {
    call.Fail("ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.");
    return;
  }
  Pause::Of what = Pause::Of::kAll;
  if (call.size() == 4) {
    if (base::IsWord(call[3], "write")) {
      what = Pause::Of::kWrites;
    } else if (!base::IsWord(call[3], "all")) {
      call.Fail("ERR CLIENT PAUSE mode must be WRITE or ALL");
      return;
    }
  }
  const auto timeout_ms = ReadTimeout(call, call[2]);
  if (!timeout_ms) return;
  const auto until = Pause::Clock::now() + std::chrono::milliseconds(std::min(*timeout_ms, kLongestMs));
  call.server.observation.pause.Begin(what, until);
  call.reply.Ok();
}

void ClientUnpause(Call& call) {
  call.server.observation.pause.End();
  call.reply.Ok();
}

void ClientUnblock(Call& call) {
  const bool has_reason = call.size() == 4 && (base::IsWord(call[3], "timeout") || base::IsWord(call[3], "error"));
  if (call.size() > 4 || (call.size() == 4 && !has_reason)) {
    call.Fail("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    return;
  }
  const auto id = ReadInteger(call, call[2]);
  if (!id) return;
  const bool is_error = call.size() == 4 && base::IsWord(call[3], "error");
  bool was_blocked = false;
  call.server.clients.Find(static_cast<std::uint64_t>(*id), [&](ClientState& client) {
    was_blocked = client.is_blocked.load(std::memory_order_relaxed);  // R1
    if (!was_blocked) return;
    client.unblocked.store(is_error ? ClientState::kUnblockedByError : ClientState::kUnblockedByTimeout,
                           std::memory_order_relaxed);  // R1
    client.outbox->Wake();
  });
  call.reply.Integer(was_blocked ? 1 : 0);
}

std::span<const CommandSpec> ObservingCommands() { return kRows; }

}  // namespace kvs::server
