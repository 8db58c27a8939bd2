// ServerHost: the kvs server as its loops see it: the two protocols, the settings, the engine's sync, the log.
//
// Fences      R1  sync_is_failing_:  relaxed. A hint for the log; nothing is reached through it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "net/host.h"
#include "service/server_state.h"

namespace kvs::server {

class ServerHost final : public Host {
 public:
  static constexpr std::chrono::milliseconds kTurnTime{2};

  // state: in, outlives the host.
  explicit ServerHost(ServerState& state) : Host(state.client_memory, state.net), state_(state) {}

  NetLimits Limits() const override;
  std::unique_ptr<Conversation> NewConversation(char first_byte, const ConnectionLimits& limits, int socket,
                                                std::shared_ptr<Outbox> outbox) override;
  std::string_view RefusalLine() const override;
  void Prefetch(std::span<const std::string_view> inputs) override;
  void EndInput() override { state_.observation.tracking.SendBroadcasts(); }
  Status Sync() override;
  void Tick(Clock::time_point now) override;
  std::optional<Clock::time_point> NextTick(Clock::time_point now) const override;
  void Note(NetEvent event, std::string_view line) override;

 private:
  ServerState& state_;
  std::atomic<bool> sync_is_failing_{false};  // R1
};

}  // namespace kvs::server
