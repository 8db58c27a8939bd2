// Host: what the loops ask of the server that they belong to, so that they need know no protocol, engine or setting.
//
// Threads     Call anything from any thread. `client_memory` and `figures` outlive the host.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "kvs/result.h"
#include "net/client_memory.h"
#include "net/conversation.h"
#include "net/net_figures.h"
#include "net/outbox.h"

namespace kvs::server {

// What is written into the server's log.
enum class NetEvent : std::uint8_t {
  kClientRefused,
  kAcceptPaused,
  kAcceptResumed,
  kHandshakeFailed,
  kClientDropped,
  kStopTimedOut,
};

struct NetLimits {
  ConnectionLimits connection;  // Of a client that comes now.
  std::size_t clients_max;
  std::chrono::milliseconds idle_timeout;    // Of a client that may send its next request; 0: none.
  std::chrono::milliseconds output_timeout;  // Of a client that has answers to take; 0: idle_timeout.
};

class Host {
 public:
  using Clock = std::chrono::steady_clock;

  Host(ClientMemory& memory, NetFigures& net_figures) : client_memory(memory), figures(net_figures) {}
  virtual ~Host() = default;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // As the settings are now.
  virtual NetLimits Limits() const = 0;

  // A conversation in the protocol whose requests begin with `first_byte`. `socket` is open as long as the
  // conversation lives; others reach the client through `outbox`.
  virtual std::unique_ptr<Conversation> NewConversation(char first_byte, const ConnectionLimits& limits, int socket,
                                                        std::shared_ptr<Outbox> outbox) = 0;
  // What a client reads that is refused before it has said which protocol it speaks.
  virtual std::string_view RefusalLine() const = 0;

  // Some clients had their turn: messages that they caused together go out before their answers.
  virtual void EndInput() = 0;
  // Brings to the disk what the answers that wait for it promise.
  virtual Status Sync() = 0;

  // What is to be done when time has passed: a loop calls Tick() whenever it is awake, and NextTick() tells how long it
  // may sleep. nullopt: as long as it likes.
  virtual void Tick(Clock::time_point now) = 0;
  virtual std::optional<Clock::time_point> NextTick(Clock::time_point now) const = 0;

  virtual void Note(NetEvent event, std::string_view line) = 0;

  ClientMemory& client_memory;
  NetFigures& figures;
};

}  // namespace kvs::server
