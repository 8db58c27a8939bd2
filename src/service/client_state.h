// ClientState: the state of a RESP connection between commands, and the part of it that other clients see.
//
// Threads     Of the connection's thread, except for the parts marked otherwise.
//
// Fences      R1  the atomics: relaxed. Figures for CLIENT LIST, and requests of other clients to this one.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "keyspace/watch_table.h"
#include "observers/keyspace_events.h"
#include "observers/subscriber.h"

namespace kvs::server {

struct Call;
struct CommandSpec;

enum class ReplyMode : std::uint8_t { kOn, kOff, kSkipNext, kSkipThis };

// A command that waits for EXEC, with arguments of its own.
struct QueuedCommand {
  const CommandSpec* spec;
  std::vector<std::string> arguments;
};

// A command that has not replied yet.
struct BlockedCall {
  std::optional<std::chrono::steady_clock::time_point> until{};  // nullopt: until CLIENT UNBLOCK.
  std::optional<std::int64_t> synced{};                          // Of WAITAOF: the first number of its reply.
};

// A command that replies in a later turn, because it would take too long for one.
class UnfinishedCall {
 public:
  explicit UnfinishedCall(const CommandSpec& command) : spec(command) {}
  virtual ~UnfinishedCall() = default;
  UnfinishedCall(const UnfinishedCall&) = delete;
  UnfinishedCall& operator=(const UnfinishedCall&) = delete;

  // True: it has replied.
  virtual bool GoOn(Call& call) = 0;
  virtual std::size_t bytes() const = 0;  // In memory, collected so far.

  const CommandSpec& spec;
};

struct ClientState : Subscriber {
  using Clock = std::chrono::steady_clock;

  using Block = BlockedCall;
  static constexpr int kStaysBlocked = 0;
  static constexpr int kUnblockedByTimeout = 1;
  static constexpr int kUnblockedByError = 2;

  ClientState(std::uint64_t client_id, int client_socket, std::shared_ptr<Outbox> client_outbox)
      : Subscriber(client_id, std::move(client_outbox)), socket(client_socket), since(Clock::now()) {}

  // Constant after construction.
  const int socket;  // -1: none, in a test.
  const Clock::time_point since;

  // Of the connection's thread.
  bool is_authenticated = false;
  bool is_closing_after_reply = false;
  bool is_dropped = false;  // The result of its command cannot be sent.
  ReplyMode reply_mode = ReplyMode::kOn;
  bool is_in_transaction = false;
  bool is_transaction_refused = false;  // A command could not be queued: EXEC is to fail.
  std::vector<QueuedCommand> queue;
  std::size_t queue_bytes = 0;
  std::map<std::string, bool, std::less<>> watched;  // By key: whether it was there.
  WatchTable::Watcher watcher;
  std::vector<KeyspaceEvent> events;  // Of the current command or transaction. Published at its end.
  std::optional<Block> block;         // A command such as WAIT has not replied yet.
  std::unique_ptr<UnfinishedCall> unfinished;

  // Names, written by the connection's thread. Guarded by the mutex of the ClientRegistry.
  std::string name;
  std::string library_name;
  std::string library_version;

  // Atomics, all R1.
  std::atomic<bool> is_exempt_from_eviction{false};
  std::atomic<bool> is_not_touching{false};
  std::atomic<bool> is_paused{false};   // A command of it waits for the end of CLIENT PAUSE.
  std::atomic<bool> is_blocked{false};  // As `block`.
  std::atomic<int> unblocked{kStaysBlocked};
  std::atomic<std::int64_t> last_active_s{0};     // Since `since`.
  std::atomic<std::int64_t> queued_commands{-1};  // -1: not in a transaction.
  std::atomic<std::size_t> query_bytes{0};        // Input that is not executed. Includes the current command.
  std::atomic<std::size_t> query_room{0};         // Capacity of the input buffer after the last turn.
  std::atomic<std::size_t> output_bytes{0};
  std::atomic<std::size_t> output_room{0};
  std::atomic<std::size_t> multi_bytes{0};                     // Queued since MULTI.
  std::atomic<const std::string_view*> last_command{nullptr};  // Its name, from the table of commands.
};

}  // namespace kvs::server
