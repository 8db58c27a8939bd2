// CLIENT: who is connected, by which name, and their end.
#include "commands/clients/clients.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/decimal.h"
#include "base/letters.h"
#include "commands/clients/client_tracking.h"
#include "commands/clients/waiting.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"

namespace kvs::server {
namespace {

constexpr std::uint32_t kAny = kNoScript | kLoading | kStale;
constexpr std::uint32_t kAdministration = kAdmin | kDangerous | kAny;

bool IsShowable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

void Id(Call& call) { call.reply.Integer(static_cast<std::int64_t>(call.client.id)); }

void Info(Call& call) {
  std::string line;
  call.server.clients.Change([&] { line = DescribeClient(call.client); });
  call.reply.Verbatim(line + "\n");
}

// Nobody is a master or a replica.
enum class ClientType : std::uint8_t { kNormal, kPubSub, kReplication };

ClientType TypeOf(const ClientState& client) {
  return client.has_subscriptions() ? ClientType::kPubSub : ClientType::kNormal;
}

// nullopt: answered.
std::optional<ClientType> ReadType(Call& call, std::string_view type) {
  if (base::IsWord(type, "normal")) return ClientType::kNormal;
  if (base::IsWord(type, "pubsub")) return ClientType::kPubSub;
  if (base::IsWord(type, "master") || base::IsWord(type, "slave") || base::IsWord(type, "replica"))
    return ClientType::kReplication;
  call.Fail("ERR Unknown client type '" + std::string(base::UpToZero(type)) + "'");
  return std::nullopt;
}

void List(Call& call) {
  std::optional<std::vector<std::int64_t>> ids;
  std::optional<ClientType> type;
  if (call.size() == 4 && base::IsWord(call[2], "type")) {
    type = ReadType(call, call[3]);
    if (!type) return;
  } else if (call.size() > 3 && base::IsWord(call[2], "id")) {
    ids.emplace();
    for (const std::string_view text : call.arguments.subspan(3)) {
      const auto id = base::ParseDecimal(text);
      if (!id) {
        call.Fail("ERR Invalid client ID");
        return;
      }
      ids->push_back(*id);
    }
    std::sort(ids->begin(), ids->end());
  } else if (call.size() != 2) {
    call.FailSyntax();
    return;
  }
  std::string lines;
  call.server.clients.ForEach([&](const ClientState& client) {
    const bool is_chosen = !ids || std::binary_search(ids->begin(), ids->end(), static_cast<std::int64_t>(client.id));
    if (is_chosen && (!type || TypeOf(client) == *type)) lines += DescribeClient(client) + "\n";
  });
  call.reply.Verbatim(lines);
}

void SetName(Call& call) {
  if (!CheckClientName(call, call[2])) return;
  SetClientText(call, call.client.name, call[2]);
  call.reply.Ok();
}

void GetName(Call& call) {
  if (call.client.name.empty()) {
    call.reply.Null();
  } else {
    call.reply.Bulk(call.client.name);
  }
}

void SetInfo(Call& call) {
  std::string* field = nullptr;
  if (base::IsWord(call[2], "lib-name")) field = &call.client.library_name;
  if (base::IsWord(call[2], "lib-ver")) field = &call.client.library_version;
  if (field == nullptr) {
    call.Fail("ERR Unrecognized option '" + std::string(base::UpToZero(call[2])) + "'");
  } else if (!IsShowable(call[3])) {
    call.Fail("ERR " + base::Lowered(call[2]) + " cannot contain spaces, newlines or special characters.");
  } else {
    SetClientText(call, *field, call[3]);
    call.reply.Ok();
  }
}

struct KillFilter {
  std::optional<std::int64_t> id{};
  std::optional<std::string> peer{};
  std::optional<std::string> local{};
  std::optional<ClientType> type{};
  bool skips_self = true;
};

// nullopt: answered.
std::optional<KillFilter> ReadKillFilter(Call& call) {
  KillFilter filter;
  if (call.size() == 3) {
    filter.peer = call[2];
    filter.skips_self = false;
    return filter;
  }
  for (std::size_t i = 2; i < call.size(); i += 2) {
    if (i + 1 == call.size()) {
      call.FailSyntax();
      return std::nullopt;
    }
    const std::string_view value = call[i + 1];
    if (base::IsWord(call[i], "id")) {
      filter.id = base::ParseDecimal(value);
      if (!filter.id || *filter.id <= 0) {
        call.Fail("ERR client-id should be greater than 0");
        return std::nullopt;
      }
    } else if (base::IsWord(call[i], "type")) {
      filter.type = ReadType(call, value);
      if (!filter.type) return std::nullopt;
    } else if (base::IsWord(call[i], "addr")) {
      filter.peer = value;
    } else if (base::IsWord(call[i], "laddr")) {
      filter.local = value;
    } else if (base::IsWord(call[i], "user")) {
      if (value != "default") {
        call.Fail("ERR No such user '" + std::string(base::UpToZero(value)) + "'");
        return std::nullopt;
      }
    } else if (base::IsWord(call[i], "skipme") && (base::IsWord(value, "yes") || base::IsWord(value, "no"))) {
      filter.skips_self = base::IsWord(value, "yes");
    } else {
      call.FailSyntax();
      return std::nullopt;
    }
  }
  return filter;
}

void Kill(Call& call) {
  const auto filter = ReadKillFilter(call);
  if (!filter) return;
  const std::size_t killed = call.server.clients.Kill(call.client, [&](const ClientState& client) {
    if (&client == &call.client && filter->skips_self) return false;
    if (filter->id && static_cast<std::int64_t>(client.id) != *filter->id) return false;
    if (filter->peer && PeerOf(client) != *filter->peer) return false;
    if (filter->local && LocalOf(client) != *filter->local) return false;
    if (filter->type && TypeOf(client) != *filter->type) return false;
    if (&client == &call.client) call.client.is_closing_after_reply = true;
    return true;
  });
  if (call.size() > 3) {
    call.reply.Integer(static_cast<std::int64_t>(killed));
  } else if (killed > 0) {
    call.reply.Ok();
  } else {
    call.Fail("ERR No such client");
  }
}

void Reply(Call& call) {
  ReplyMode& mode = call.client.reply_mode;
  if (base::IsWord(call[2], "on")) {
    mode = ReplyMode::kOn;
    call.reply.Ok();
  } else if (base::IsWord(call[2], "off")) {
    mode = ReplyMode::kOff;
  } else if (base::IsWord(call[2], "skip")) {
    if (mode != ReplyMode::kOff) mode = ReplyMode::kSkipNext;
  } else {
    call.FailSyntax();
  }
}

void SetFlag(Call& call, std::atomic<bool>* flag) {
  if (!base::IsWord(call[2], "on") && !base::IsWord(call[2], "off")) {
    call.FailSyntax();
    return;
  }
  flag->store(base::IsWord(call[2], "on"), std::memory_order_relaxed);  // R1
  call.reply.Ok();
}

void NoEvict(Call& call) { SetFlag(call, &call.client.is_exempt_from_eviction); }
void NoTouch(Call& call) { SetFlag(call, &call.client.is_not_touching); }

constexpr CommandSpec Client(CommandSpec row) {
  row.group = "connection";
  if (row.complexity.empty()) row.complexity = "O(1)";
  return Row(row);
}

constexpr auto kSubcommands = std::to_array<CommandSpec>({
    Client({.full_name = "client|caching",
            .handler = ClientCaching,
            .arity = 3,
            .flags = kAny,
            .since = "6.0.0",
            .summary = "Says whether the next command's keys are tracked",
            .usage = "YES|NO"}),
    Client({.full_name = "client|getname",
            .handler = GetName,
            .arity = 2,
            .flags = kAny,
            .since = "2.6.9",
            .summary = "Tells the connection's name"}),
    Client({.full_name = "client|getredir",
            .handler = ClientGetRedirection,
            .arity = 2,
            .flags = kAny,
            .since = "6.0.0",
            .summary = "Tells the id of the client that tracking is redirected to"}),
    Client({.full_name = "client|help",
            .handler = ReplyHelp,
            .arity = 2,
            .flags = kLoading | kStale,
            .since = "5.0.0",
            .summary = "Prints this help"}),
    Client({.full_name = "client|id",
            .handler = Id,
            .arity = 2,
            .flags = kAny,
            .since = "5.0.0",
            .summary = "Tells the connection's id"}),
    Client({.full_name = "client|info",
            .handler = Info,
            .arity = 2,
            .flags = kAny,
            .since = "6.2.0",
            .summary = "Tells about this connection"}),
    Client(
        {.full_name = "client|kill",
         .handler = Kill,
         .arity = -3,
         .flags = kAdministration,
         .since = "2.4.0",
         .complexity = "O(N) in the connections",
         .summary = "Ends connections",
         .usage = "[ip:port] [ID client-id] [TYPE type] [USER username] [ADDR ip:port] [LADDR ip:port] [SKIPME yesno]",
         .differences = "Only RESP connections are found."}),
    Client({.full_name = "client|list",
            .handler = List,
            .arity = -2,
            .flags = kAdministration,
            .since = "2.4.0",
            .complexity = "O(N) in the connections",
            .summary = "Tells about the connections",
            .usage = "[TYPE type] [ID client-id [client-id ...]]",
            .differences = "Only RESP connections are listed; sizes of buffers are not told."}),
    Client({.full_name = "client|no-evict",
            .handler = NoEvict,
            .arity = 3,
            .flags = kAdministration,
            .since = "7.0.0",
            .summary = "Sets a flag that CLIENT LIST shows",
            .usage = "ON|OFF",
            .differences = "No connection is ever evicted."}),
    Client({.full_name = "client|no-touch",
            .handler = NoTouch,
            .arity = 3,
            .flags = kAny,
            .since = "7.2.0",
            .summary = "Sets a flag that CLIENT LIST shows",
            .usage = "ON|OFF",
            .differences = "Access times of keys are not kept."}),
    Client({.full_name = "client|pause",
            .handler = ClientPause,
            .arity = -3,
            .flags = kAdministration | kExclusive,
            .since = "3.0.0",
            .summary = "Has the commands of all connections wait",
            .usage = "timeout [WRITE|ALL]",
            .differences = "Keys expire meanwhile."}),
    Client({.full_name = "client|reply",
            .handler = Reply,
            .arity = 3,
            .flags = kAny,
            .since = "3.2.0",
            .summary = "Chooses whether the server replies to commands",
            .usage = "ON|OFF|SKIP"}),
    Client({.full_name = "client|setinfo",
            .handler = SetInfo,
            .arity = 4,
            .flags = kAny,
            .since = "7.2.0",
            .summary = "Names the client's library and its version",
            .usage = "<LIB-NAME libname|LIB-VER libver>"}),
    Client({.full_name = "client|setname",
            .handler = SetName,
            .arity = 3,
            .flags = kAny,
            .since = "2.6.9",
            .summary = "Names the connection",
            .usage = "connection-name"}),
    Client(
        {.full_name = "client|tracking",
         .handler = ClientTracking,
         .arity = -3,
         .flags = kAny | kExclusive,
         .since = "6.0.0",
         .summary = "Has the server tell when a key changes that the client has read; PREFIX may come more than once",
         .usage = "ON|OFF [REDIRECT client-id] [PREFIX prefix] [BCAST] [OPTIN] [OPTOUT] "
                  "[NOLOOP]"}),
    Client({.full_name = "client|trackinginfo",
            .handler = ClientTrackingInfo,
            .arity = 2,
            .flags = kAny,
            .since = "6.2.0",
            .summary = "Tells what is tracked for the connection"}),
    Client({.full_name = "client|unblock",
            .handler = ClientUnblock,
            .arity = -3,
            .flags = kAdministration,
            .since = "5.0.0",
            .summary = "Wakes a connection that waits in WAIT or WAITAOF",
            .usage = "client-id [TIMEOUT|ERROR]"}),
    Client({.full_name = "client|unpause",
            .handler = ClientUnpause,
            .arity = 2,
            .flags = kAdministration,
            .since = "6.2.0",
            .complexity = "O(N) in the connections that wait",
            .summary = "Has them go on"}),
});

constexpr auto kRows = std::to_array<CommandSpec>({
    Client({.full_name = "client",
            .arity = -2,
            .since = "2.4.0",
            .complexity = "Depends on the subcommand",
            .summary = "A container of commands about client connections",
            .subcommands = kSubcommands}),
});

}  // namespace

bool CheckClientName(Call& call, std::string_view name) {
  if (IsShowable(name)) return true;
  call.Fail("ERR Client names cannot contain spaces, newlines or special characters.");
  return false;
}

void SetClientText(Call& call, std::string& field, std::string_view text) {
  call.client.Keep(text.size());
  const std::size_t before = field.size();
  call.server.clients.Change([&] { field = text; });
  call.client.LetGo(before);
}

std::span<const CommandSpec> ClientCommands() { return kRows; }

}  // namespace kvs::server
