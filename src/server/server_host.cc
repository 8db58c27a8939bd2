#include "server/server_host.h"

#include <array>
#include <string>
#include <utility>

#include "net/round.h"
#include "protocol/frame_decoder.h"
#include "protocol/native_frame.h"
#include "protocol/resp_decoder.h"
#include "protocol/sniff.h"
#include "server/native_conversation.h"
#include "server/resp_conversation.h"

namespace kvs::server {
namespace {

// Longer input is a pipeline, which goes down in one call, or a value beside which a miss does not count.
constexpr std::size_t kPrefetchedInputBytesMax = 512;

// The key of the request that `input` begins with, or what stands where a key would. Empty: none.
std::string_view PeekKey(std::string_view input) {
  if (input.empty() || input.size() > kPrefetchedInputBytesMax) return {};
  switch (protocol::Sniff(input.front())) {
    case protocol::Dialect::kNative: return protocol::PeekFrameKey(input);
    case protocol::Dialect::kResp: return protocol::PeekRespKey(input);
  }
  return {};
}

}  // namespace

NetLimits ServerHost::Limits() const {
  const ServerConfig& config = state_.config;
  return {.connection = {.request_bytes_max = config.live().request_bytes_max.size(),
                         .output_bytes_max = config.live().output_bytes_max.size(),
                         .turn_time = kTurnTime},
          .clients_max = config.connections_max(),
          .idle_timeout = config.idle_timeout(),
          .output_timeout = config.output_timeout()};
}

std::unique_ptr<Conversation> ServerHost::NewConversation(char first_byte, const ConnectionLimits& limits, int socket,
                                                          std::shared_ptr<Outbox> outbox) {
  switch (protocol::Sniff(first_byte)) {
    case protocol::Dialect::kNative:
      return std::make_unique<NativeConversation>(state_, limits, socket, std::move(outbox));
    case protocol::Dialect::kResp: break;
  }
  return std::make_unique<RespConversation>(state_, limits, socket, std::move(outbox));
}

// Clients of Redis and those of kvs know this line.
std::string_view ServerHost::RefusalLine() const { return protocol::kRefusalLine; }

void ServerHost::Prefetch(std::span<const std::string_view> inputs) {
  std::array<std::string_view, kServedTogether> keys;
  std::size_t count = 0;
  for (const std::string_view input : inputs) {
    const std::string_view key = PeekKey(input);
    if (!key.empty() && count < keys.size()) keys[count++] = key;
  }
  if (count > 1) state_.engine.Prefetch({keys.data(), count});
}

Status ServerHost::Sync() {
  const auto begin = Clock::now();
  Status sync = state_.engine.Sync();
  state_.observation.latency.Note("aof-fsync-always", Clock::now() - begin);
  if (!sync) state_.stats.CountFailedSync();
  const bool was_failing = sync_is_failing_.exchange(!sync, std::memory_order_relaxed);  // R1
  if (!sync && !was_failing)
    state_.log.Write("sync failed, writes are answered with the error: " + sync.error().ToString());
  if (sync && was_failing) state_.log.Write("syncs succeed again");
  return sync;
}

void ServerHost::Tick(Clock::time_point now) {
  state_.stats.SampleWhereDue(now);
  if (state_.observation.NeedsLook()) [[unlikely]]
    state_.observation.Look(now);
}

std::optional<Host::Clock::time_point> ServerHost::NextTick(Clock::time_point now) const {
  if (!state_.observation.NeedsLook()) [[likely]]
    return std::nullopt;
  return state_.observation.NextLook(now);
}

void ServerHost::Note(NetEvent event, std::string_view line) {
  switch (event) {
    case NetEvent::kClientRefused: return state_.log.Note(ServerLog::Kind::kClientRefused, line);
    case NetEvent::kAcceptPaused: return state_.log.Note(ServerLog::Kind::kAcceptPaused, line);
    case NetEvent::kAcceptResumed: return state_.log.Note(ServerLog::Kind::kAcceptResumed, line);
    case NetEvent::kHandshakeFailed: return state_.log.Note(ServerLog::Kind::kHandshakeFailed, line);
    case NetEvent::kClientDropped: return state_.log.Note(ServerLog::Kind::kClientDropped, line);
    case NetEvent::kStopTimedOut: return state_.log.Write(std::string(line));
  }
}

}  // namespace kvs::server
