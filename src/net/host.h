// Host: the server as its loops see it. They know no protocol, engine or setting.
//
// Threads     Call anything from any thread. `client_memory` and `figures` outlive the host.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "kvs/result.h"
#include "net/conversation.h"
#include "net/memory/client_memory.h"
#include "net/net_figures.h"
#include "net/outbox.h"

namespace kvs::server {

// Events for the server's log.
enum class NetEvent : std::uint8_t {
  kClientRefused,
  kAcceptPaused,
  kAcceptResumed,
  kHandshakeFailed,
  kClientDropped,
  kStopTimedOut,
};

struct NetLimits {
  ConnectionLimits connection;  // Of a client that connects now.
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

  // By the current settings.
  virtual NetLimits Limits() const = 0;

  // A conversation in the protocol whose requests begin with `first_byte`.
  // socket: in, outlives the conversation.
  // outbox: in, through which other threads send to the client.
  virtual std::unique_ptr<Conversation> NewConversation(char first_byte, const ConnectionLimits& limits, int socket,
                                                        std::shared_ptr<Outbox> outbox) = 0;
  // The reply to a client that is refused. Its protocol is not known yet.
  virtual std::string_view RefusalLine() const = 0;

  // Some clients of a round have sent these bytes, and their requests are executed next. Prefetches the memory that the
  // requests will read, for all of them together.
  virtual void Prefetch(std::span<const std::string_view> inputs) = 0;
  // Some clients of a round have executed their requests: sends the messages that they caused, before their replies.
  virtual void EndInput() = 0;
  // Makes the unsettled writes durable.
  virtual Status Sync() = 0;

  // A loop calls Tick() after each wake-up, and sleeps until NextTick() at most. nullopt: no limit.
  virtual void Tick(Clock::time_point now) = 0;
  virtual std::optional<Clock::time_point> NextTick(Clock::time_point now) const = 0;

  virtual void Note(NetEvent event, std::string_view line) = 0;

  ClientMemory& client_memory;
  NetFigures& figures;
};

}  // namespace kvs::server
