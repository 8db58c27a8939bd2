#include "service/server_state.h"

#include <unistd.h>

#include <string_view>
#include <utility>

#include "base/random.h"
#include "base/seeded_hash.h"

namespace kvs::server {
namespace {

// The keys that clients track may take so much of what all clients may have, beside it.
constexpr std::size_t kTrackedPart = 8;

std::string MakeRunId() {
  constexpr std::size_t kDigits = 40;
  const auto now = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  base::Random random(now ^ (static_cast<std::uint64_t>(::getpid()) << 48));
  std::string id;
  while (id.size() < kDigits) id += "0123456789abcdef"[random.Below(16)];
  return id;
}

}  // namespace

ServerState::ServerState(KvsEngine& served, const ConfigStart& start, ServerLog::Sink sink)
    : engine(served),
      port(start.port),
      run_id(MakeRunId()),
      log(std::move(sink)),
      config(start, &descriptors),
      observation(
          served, gate,
          [this](std::uint64_t id, FunctionRef<void(Subscriber&)> visit) { return clients.Find(id, visit); }, pub_sub,
          watches),
      cursors(base::SecretSeed()),
      background(served, log) {
  client_memory.tell = [this](const std::string& line) { log.Note(ServerLog::Kind::kClientDropped, line); };
  ApplySettings();
}

void ServerState::NoteWriteFault(const Error& error) {
  if (error.code != ErrorCode::kIo && error.code != ErrorCode::kPoisoned && error.code != ErrorCode::kNoSpace) return;
  const std::uint64_t written_bytes = engine.Stats().value_or(EngineStats{}).written_bytes;
  const sync::MutexLock lock(fault_mutex_);
  fault_ = Fault{.error = error, .written_bytes = written_bytes};
}

std::optional<Error> ServerState::WriteFault(const EngineStats& now) const {
  if (now.poisoned) return now.poisoned;  // Also where no client has asked for a write since.
  const sync::MutexLock lock(fault_mutex_);
  if (!fault_) return std::nullopt;
  const bool is_over = fault_->error.code != ErrorCode::kPoisoned && now.written_bytes > fault_->written_bytes;
  return is_over ? std::nullopt : std::optional<Error>(fault_->error);
}

void ServerState::ApplySettings() {
  const settings::LiveValues& live = config.live();
  const std::string events = config.Get({"notify-keyspace-events"}).front().second;
  observation.Configure({.event_classes = ParseEventClasses(events).value_or(0),
                         .slow_log_from_us = live.slow_log_from_us.get(),
                         .slow_log_length_max = live.slow_log_length_max.size(),
                         .latency_threshold_ms = live.latency_threshold_ms.get(),
                         .tracked_keys_max = live.tracked_keys_max.size()});
  client_memory.set_limit(live.client_memory_max.size());
  observation.tracking.set_bytes_max(live.client_memory_max.size() / kTrackedPart);
  stats.commands.set_times_durations(live.times_durations.get() != 0);
}

}  // namespace kvs::server
