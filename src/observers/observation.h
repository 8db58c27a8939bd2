// Observation: all observers of commands: keyspace events, tracking, monitors, the slow log, latencies, pauses.
//
// Design      Each has a file of its own. This class ties them to the rest: the settings that turn them on, the writes
//             that they hear of (WriteListener), and the work of the loops when time has passed.
// Threads     Call anything from any thread.
//
// Fences      R1  noted_from_us_: relaxed. It follows from settings, each for itself.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include "keyspace/watch_table.h"
#include "kvs/engine.h"
#include "observers/expired_events.h"
#include "observers/expiries.h"
#include "observers/keyspace_events.h"
#include "observers/latency_monitor.h"
#include "observers/monitors.h"
#include "observers/observers.h"
#include "observers/pause.h"
#include "observers/slow_log.h"
#include "observers/tracking.h"
#include "sync/gate.h"
#include "sync/mutex.h"

namespace kvs::server {

class PubSub;

struct ObservationSettings {
  std::uint32_t event_classes = 0;     // Bits of EventClass.
  std::int64_t slow_log_from_us = -1;  // Commands that take so long are kept; -1: none.
  std::size_t slow_log_length_max = 0;
  std::int64_t latency_threshold_ms = 0;  // 0: latencies are not noted.
  std::size_t tracked_keys_max = 0;       // 0: any number.
};

class Observation final : public WriteListener {
 public:
  // All outlive it.
  Observation(KvsEngine& engine, sync::Gate& gate, FindSubscriber find, PubSub& pub_sub, WatchTable& watches)
      : expired_events([this, &pub_sub](std::string_view key) { events.Publish(pub_sub, "expired", key); }),
        tracking(observers, std::move(find)),
        engine_(engine),
        gate_(gate),
        watches_(watches) {
    watches_.set_listener(this);
    engine_.ListenToExpiry([this](std::string_view key) { OnExpired(key); });
  }
  ~Observation() { engine_.ListenToExpiry({}); }
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;

  // Takes over the settings.
  void Configure(const ObservationSettings& settings) KVS_EXCLUDES(mutex_);
  // After tracking has begun or ended for a client, or the settings have changed.
  void Update() KVS_EXCLUDES(mutex_);

  void OnWrite(std::string_view key, std::uint64_t expiry_ms, std::uint64_t writer) override;
  void OnClear() override;

  // Whether the slow log or the latency monitor wants to know of a command that took so long.
  bool IsOfNote(std::chrono::steady_clock::duration duration) const {
    const auto noted_from = std::chrono::microseconds(noted_from_us_.load(std::memory_order_relaxed));  // R1
    return std::chrono::duration_cast<std::chrono::microseconds>(duration) >= noted_from;
  }

  // The work of the loops: when to look for due work, at the latest, and doing it. Only while NeedsLook().
  bool NeedsLook() const { return (observers.bits() & (Observers::kAlarms | Observers::kExpiries)) != 0; }
  std::chrono::steady_clock::time_point NextLook(std::chrono::steady_clock::time_point now) const;
  void Look(std::chrono::steady_clock::time_point now);

  Observers observers;
  KeyspaceEvents events;
  ExpiredEvents expired_events;
  Expiries expiries;
  Monitors monitors{observers};
  SlowLog slow_log;
  LatencyMonitor latency;
  Alarms alarms{observers};
  Pause pause{observers, alarms};
  Tracking tracking;

 private:
  // The engine has removed the key, and holds its append lock. Keyspace events are about that; tracking clients do not
  // wait for it.
  void OnExpired(std::string_view key);
  void Announce(const std::string& key);

  KvsEngine& engine_;
  sync::Gate& gate_;
  WatchTable& watches_;
  std::atomic<std::int64_t> noted_from_us_{std::numeric_limits<std::int64_t>::max()};  // R1
  sync::Mutex mutex_;                                                                  // Of Update().
};

}  // namespace kvs::server
