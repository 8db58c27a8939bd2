// CommandSpec: a row of the command table; Call: one execution of it.
//
// Design      What a server says about a command (COMMAND, COMMAND DOCS, docs/commands.md) and what it checks before it
//             runs one (arity, authentication, transactions, passes) is in the row; the handler does the rest. A
//             handler answers with one reply, whatever happens, or leaves an UnfinishedCall that will.
// Threads     Rows are constant. A call belongs to the thread of its connection.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "keyspace/keyspace.h"
#include "kvs/engine.h"
#include "protocol/resp_writer.h"
#include "service/client_state.h"
#include "service/server_state.h"
#include "service/server_stats.h"

namespace kvs::server {

// The version of Redis whose commands and replies clients are to expect.
inline constexpr std::string_view kRedisVersion = "7.0.15";

// As Redis names them in COMMAND INFO, but for the last three.
enum CommandFlag : std::uint32_t {
  kWrite = 1U << 0,
  kReadOnly = 1U << 1,
  kDenyOom = 1U << 2,
  kAdmin = 1U << 3,
  kNoScript = 1U << 4,
  kLoading = 1U << 5,
  kStale = 1U << 6,
  kSkipSlowlog = 1U << 7,
  kFast = 1U << 8,
  kNoAuth = 1U << 9,
  kNoMulti = 1U << 10,
  kAllowBusy = 1U << 11,
  kMovableKeys = 1U << 12,
  kDangerous = 1U << 13,      // An ACL category.
  kExclusive = 1U << 14,      // Must be alone with the pairs.
  kExclusiveMany = 1U << 15,  // The same, if it names more than one key.
  kNotQueued = 1U << 16,      // Runs immediately inside a transaction.
  kPubSub = 1U << 20,
  kInSubscription = 1U << 21,  // A subscribed client of RESP2 may call it.
  kMayReplicate = 1U << 22,    // Waits while writes are paused, though it is none.
};

struct KeyPositions {
  int first = 0;  // Among the arguments, the name being 0; 0: the command takes no keys.
  int last = 0;   // Negative: from the end.
  int step = 0;
};

// The arguments that no client is shown: see secrets.h.
enum class Secrets : std::uint8_t {
  kNone,
  kAll,         // All but the name.
  kOfHello,     // The arguments of AUTH within HELLO.
  kOfSettings,  // The values of settings that are secret.
};

struct Call;
using CommandHandler = void (*)(Call& call);

struct CommandSpec {
  std::string_view full_name{};      // In lower case: "get", "client|list".
  std::string_view name{};           // "get", "list". Row() fills it in.
  CommandHandler handler = nullptr;  // nullptr: a container of subcommands.
  int arity = 0;                     // The number of arguments with the name; negative: at least so many.
  std::uint32_t flags = 0;
  KeyPositions keys{};
  std::string_view key_flags{};  // Of the key specification: "RO access".
  Secrets secrets = Secrets::kNone;
  std::string_view group{};
  std::string_view since{};  // Of Redis; of kvs if the group is "kvs".
  std::string_view complexity{};
  std::string_view summary{};
  std::string_view usage{};        // The arguments: see usage.h.
  std::string_view differences{};  // From Redis, for docs/commands.md.
  std::span<const CommandSpec> subcommands{};

  bool has(std::uint32_t flag) const { return (flags & flag) != 0; }
  bool AcceptsCount(std::size_t arguments) const {
    const auto count = static_cast<int>(arguments);
    return arity >= 0 ? count == arity : count >= -arity;
  }
};

constexpr CommandSpec Row(CommandSpec spec) {
  spec.name = spec.full_name.substr(spec.full_name.find('|') + 1);
  return spec;
}

struct Call {
  const CommandSpec& spec;
  std::span<const std::string_view> arguments;  // The name first.
  protocol::RespWriter& reply;
  Keyspace& keys;
  ClientState& client;
  ServerState& server;
  TurnCounts& counts;
  bool needs_sync = false;     // Its reply is not to be sent before a sync, whatever the policy.
  bool must_be_alone = false;  // It has done nothing yet: run it again, under an exclusive pass.
  bool is_queued = false;      // It runs inside of EXEC.
  bool has_failed = false;
  ClientMemory::Loan loan = ClientMemory::Loan(client.outbox->account());

  std::string_view operator[](std::size_t i) const { return arguments[i]; }
  std::size_t size() const { return arguments.size(); }

  // Before memory of a client's size is taken, for a value that is built or copied. Throws MemoryRefused
  // beyond the limit of the clients' memory; the command then fails with that error.
  void Claim(std::size_t bytes) { loan.Add(bytes); }

  // Notes a change of a key, for keyspace events.
  void Notify(EventClass event, std::string_view name, std::string_view key) {
    if (!server.observation.events.wants(event)) [[likely]]
      return;
    client.events.push_back({.name = name, .key = std::string(key)});
  }
  // See IsNewsThatNew() below; within a transaction by what it sees.
  bool IsNewsThatNew(std::string_view key);
  void NotifySet(std::string_view key, bool is_new, bool expires) {
    if (is_new) Notify(EventClass::kNew, "new", key);
    Notify(EventClass::kString, "set", key);
    if (expires) Notify(EventClass::kGeneric, "expire", key);
  }
  void NotifyMiss(std::string_view key) { Notify(EventClass::kKeyMiss, "keymiss", key); }

  void Fail(std::string_view text) {
    counts.CountError(text);
    has_failed = true;
    reply.Error(text);
  }
  void Fail(const Error& error);
  void FailSyntax() { Fail("ERR syntax error"); }
  void FailNotInteger() { Fail("ERR value is not an integer or out of range"); }
  // Ok, or the error.
  void ReplyStatus(const Status& status) {
    if (status) {
      reply.Ok();
    } else {
      Fail(status.error());
    }
  }
};

// Runs the handler. Memory that it does not get is its error, whatever it has replied so far.
void RunHandler(Call& call);

// Before a key is written: whether a client wants to know that it is new, and it is.
bool IsNewsThatNew(ServerState& server, std::string_view key);

// The HELP of a container: its subcommands, from their rows.
void ReplyHelp(Call& call);

// The work that an error of the engine has stopped.
enum class Access : std::uint8_t { kRead, kWrite };

// The reply of RESP to an error of the engine, without the leading '-'.
std::string ErrorReply(const Error& error, Access access);

}  // namespace kvs::server
