// Observation: those who look at what commands do, together: keyspace events, tracking, monitors, the slow log, pauses.
//
// Design      Each has a file of its own. Here is what ties them to the rest: the settings that turn them on, the
//             writes that they hear of (WriteListener), and what the loops do for them when time has passed.
// Threads     Call anything from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "kvs/engine.h"
#include "server/observers/expiries.h"
#include "server/observers/keyspace_events.h"
#include "server/observers/monitors.h"
#include "server/observers/observers.h"
#include "server/observers/pause.h"
#include "server/observers/slow_log.h"
#include "server/observers/tracking.h"
#include "server/watch_table.h"
#include "sync/gate.h"
#include "sync/mutex.h"

namespace kvs::server {

class ClientRegistry;
class PubSub;
class ServerConfig;

class Observation final : public WriteListener {
 public:
  // All outlive it.
  Observation(KvsEngine& engine, sync::Gate& gate, ClientRegistry& clients, PubSub& pub_sub, WatchTable& watches)
      : tracking(observers, clients), engine_(engine), gate_(gate), pub_sub_(pub_sub), watches_(watches) {
    watches_.set_listener(this);
    engine_.ListenToExpiry([this](std::string_view key) { OnExpired(key); });
  }
  ~Observation() { engine_.ListenToExpiry({}); }
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;

  // Takes over the settings.
  void Configure(const ServerConfig& config) KVS_EXCLUDES(mutex_);
  // After tracking has begun or ended for a client, or the settings have changed.
  void Update() KVS_EXCLUDES(mutex_);

  void OnWrite(std::string_view key, std::uint64_t expiry_ms, std::uint64_t writer) override;
  void OnClear() override;

  // What the loops do: when to look for something to do, at the latest, and that. Only while NeedsLook().
  bool NeedsLook() const { return (observers.bits() & (Observers::kAlarms | Observers::kExpiries)) != 0; }
  std::chrono::steady_clock::time_point NextLook(std::chrono::steady_clock::time_point now) const;
  void Look(std::chrono::steady_clock::time_point now);

  Observers observers;
  KeyspaceEvents events;
  Expiries expiries;
  Monitors monitors{observers};
  SlowLog slow_log;
  Alarms alarms{observers};
  Pause pause{observers, alarms};
  Tracking tracking;

 private:
  // The engine has removed the key. Keyspace events are about that; tracking clients do not wait for it.
  void OnExpired(std::string_view key);
  void Announce(const std::string& key);

  KvsEngine& engine_;
  sync::Gate& gate_;
  PubSub& pub_sub_;
  WatchTable& watches_;
  sync::Mutex mutex_;  // Of Update().
};

}  // namespace kvs::server
