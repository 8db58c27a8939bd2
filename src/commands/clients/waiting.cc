// WAIT, WAITAOF, CLIENT UNBLOCK, CLIENT PAUSE and CLIENT UNPAUSE.
#include "commands/clients/waiting.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/decimal.h"
#include "base/letters.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"

namespace kvs::server {
namespace {

constexpr std::int64_t kLongestMs = std::int64_t{1} << 40;  // Some decades: what does not overflow a clock.

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

constexpr auto kRows = std::to_array<CommandSpec>({
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

std::span<const CommandSpec> WaitingCommands() { return kRows; }

}  // namespace kvs::server
