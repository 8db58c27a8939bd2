// The commands about the connection itself: PING, AUTH, HELLO and their kin. CLIENT has a file of its own.
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/decimal.h"
#include "base/letters.h"
#include "commands/clients/clients.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"
#include "commands/transactions/transactions.h"
#include "kvs/version.h"

namespace kvs::server {
namespace {

constexpr std::uint32_t kAlways = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy;
constexpr std::string_view kWrongPassword = "WRONGPASS invalid username-password pair or user is disabled.";

void Ping(Call& call) {
  if (call.size() > 2) {
    call.Fail("ERR wrong number of arguments for 'ping' command");
  } else if (call.client.is_subscribed && call.reply.version() == 2) {
    call.reply.Array(2);
    call.reply.Bulk("pong");
    call.reply.Bulk(call.size() == 2 ? call[1] : "");
  } else if (call.size() == 2) {
    call.reply.Bulk(call[1]);
  } else {
    call.reply.Simple("PONG");
  }
}

void Echo(Call& call) { call.reply.Bulk(call[1]); }

void Select(Call& call) {
  const auto index = ReadInteger(call, call[1]);
  if (!index) return;
  if (*index == 0) {
    call.reply.Ok();
  } else {
    call.Fail("ERR DB index is out of range");
  }
}

void Quit(Call& call) {
  call.client.is_closing_after_reply = true;
  call.reply.Ok();
}

// Without a password there is nothing to check for the one user that there is.
bool Authenticate(Call& call, std::string_view user, std::string_view password) {
  const ServerConfig& config = call.server.config;
  if (user != "default" || (config.has_password() && !config.IsPassword(password))) {
    call.server.stats.CountFailedAuth();
    call.server.log.Note(ServerLog::Kind::kAuthFailed, "a wrong user or password from " + PeerOf(call.client));
    return false;
  }
  call.client.is_authenticated = true;
  return true;
}

void Auth(Call& call) {
  if (call.size() > 3) {
    call.FailSyntax();
  } else if (call.size() == 2 && !call.server.config.has_password()) {
    call.Fail(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
        "configuration is correct?");
  } else if (Authenticate(call, call.size() == 2 ? "default" : call[1], call[call.size() - 1])) {
    call.reply.Ok();
  } else {
    call.Fail(kWrongPassword);
  }
}

void SetVersion(Call& call, int version) {
  call.reply.set_version(version);
  call.client.resp_version.store(version, std::memory_order_relaxed);  // R1
}

void Reset(Call& call) {
  ClientState& client = call.client;
  EndTransaction(client, call.server);
  call.server.pub_sub.UnsubscribeAll(client);
  call.server.observation.monitors.Leave(client);
  call.server.observation.tracking.Leave(client);
  call.server.observation.Update();
  call.server.clients.Change([&] { client.name.clear(); });
  client.is_authenticated = !call.server.config.has_password();
  client.reply_mode = ReplyMode::kOn;
  client.is_exempt_from_eviction.store(false, std::memory_order_relaxed);  // R1
  client.is_not_touching.store(false, std::memory_order_relaxed);          // R1
  SetVersion(call, 2);
  call.reply.Simple("RESET");
}

struct HelloOptions {
  std::optional<std::string_view> user{};
  std::string_view password{};
  std::optional<std::string_view> name{};
};

// nullopt: answered.
std::optional<HelloOptions> ReadHelloOptions(Call& call) {
  HelloOptions options;
  for (std::size_t i = 2; i < call.size(); ++i) {
    const std::size_t more = call.size() - 1 - i;
    if (base::IsWord(call[i], "auth") && more >= 2) {
      options.user = call[i + 1];
      options.password = call[i + 2];
      i += 2;
    } else if (base::IsWord(call[i], "setname") && more >= 1) {
      options.name = call[i + 1];
      if (!CheckClientName(call, *options.name)) return std::nullopt;
      i += 1;
    } else {
      call.Fail("ERR Syntax error in HELLO option '" + std::string(base::UpToZero(call[i])) + "'");
      return std::nullopt;
    }
  }
  return options;
}

void ReplyHello(Call& call) {
  protocol::RespWriter& reply = call.reply;
  reply.Map(7);
  reply.Bulk("server");
  reply.Bulk("redis");
  reply.Bulk("version");
  reply.Bulk(kRedisVersion);
  reply.Bulk("proto");
  reply.Integer(reply.version());
  reply.Bulk("id");
  reply.Integer(static_cast<std::int64_t>(call.client.id));
  reply.Bulk("mode");
  reply.Bulk("standalone");
  reply.Bulk("role");
  reply.Bulk("master");
  reply.Bulk("modules");
  reply.Array(0);
}

void Hello(Call& call) {
  std::optional<std::int64_t> version;
  if (call.size() >= 2) {
    version = base::ParseDecimal(call[1]);
    if (!version) {
      call.Fail("ERR Protocol version is not an integer or out of range");
      return;
    }
    if (*version < 2 || *version > 3) {
      call.Fail("NOPROTO unsupported protocol version");
      return;
    }
  }
  const auto options = ReadHelloOptions(call);
  if (!options) return;
  if (options->user && !Authenticate(call, *options->user, options->password)) {
    call.Fail(kWrongPassword);
    return;
  }
  if (!call.client.is_authenticated && call.server.config.has_password()) {
    call.Fail(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> "
        "<pass> option can be used to authenticate the client and select the RESP protocol version at the same time");
    return;
  }
  if (options->name) SetClientText(call, call.client.name, *options->name);
  if (version) SetVersion(call, static_cast<int>(*version));
  ReplyHello(call);
}

constexpr auto kRows = std::to_array<CommandSpec>({
    Row({.full_name = "auth",
         .handler = Auth,
         .arity = -2,
         .flags = kAlways,
         .secrets = Secrets::kAll,
         .group = "connection",
         .since = "1.0.0",
         .complexity = "O(N) in the bytes of the password",
         .summary = "Authenticates the connection",
         .usage = "[username] password",
         .differences = "There is one user, default, with the password of --requirepass."}),
    Row({.full_name = "echo",
         .handler = Echo,
         .arity = 2,
         .flags = kLoading | kStale | kFast,
         .group = "connection",
         .since = "1.0.0",
         .complexity = "O(1)",
         .summary = "Replies with its argument",
         .usage = "message"}),
    Row({.full_name = "hello",
         .handler = Hello,
         .arity = -1,
         .flags = kAlways,
         .secrets = Secrets::kOfHello,
         .group = "connection",
         .since = "6.0.0",
         .complexity = "O(1)",
         .summary = "Chooses the version of the protocol, and tells about the server",
         .usage = "[protover] [AUTH username password] [SETNAME clientname]"}),
    Row({.full_name = "ping",
         .handler = Ping,
         .arity = -1,
         .flags = kFast | kInSubscription,
         .group = "connection",
         .since = "1.0.0",
         .complexity = "O(1)",
         .summary = "Replies that the server is there",
         .usage = "[message]"}),
    Row({.full_name = "quit",
         .handler = Quit,
         .arity = -1,
         .flags = kAlways | kNotQueued | kInSubscription,
         .group = "connection",
         .since = "1.0.0",
         .complexity = "O(1)",
         .summary = "Ends the connection"}),
    Row({.full_name = "reset",
         .handler = Reset,
         .arity = 1,
         .flags = kAlways | kNotQueued | kInSubscription,
         .group = "connection",
         .since = "6.2.0",
         .complexity = "O(1)",
         .summary = "Makes the connection as it was when it began"}),
    Row({.full_name = "select",
         .handler = Select,
         .arity = 2,
         .flags = kLoading | kStale | kFast,
         .group = "connection",
         .since = "1.0.0",
         .complexity = "O(1)",
         .summary = "Chooses the database",
         .usage = "index",
         .differences = "There is one database, 0."}),
});

}  // namespace

std::span<const CommandSpec> ConnectionCommands() { return kRows; }

}  // namespace kvs::server
