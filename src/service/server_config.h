// ServerConfig: the parameters of CONFIG GET and CONFIG SET.
//
// Design      Names, forms and first values are those of src/settings. Parameters that have an effect are applied when
//             they are set. Parameters of Redis without an effect here keep their value, so that tools read what they
//             have set.
// Threads     Call anything from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvs/result.h"
#include "net/descriptor_budget.h"
#include "settings/setting.h"
#include "sync/mutex.h"

namespace kvs::server {

struct ConfigStart {
  std::string ip{};
  std::uint16_t port = 0;
  std::uint16_t tls_port = 0;  // 0: none.
  std::string unix_socket{};
  std::string directory{};
  std::string password{};
  bool sync_before_reply = false;
  bool store_syncs = true;  // By itself, every second.
  std::size_t connections_max = 10'000;
  std::size_t request_bytes_max = 0;
  std::size_t output_bytes_max = 0;
  std::chrono::milliseconds idle_timeout{0};
  std::chrono::milliseconds output_timeout{0};
  bool allows_debug = false;                                      // The command DEBUG.
  std::vector<std::pair<std::string, std::string>> parameters{};  // That no member above determines.
};

class ServerConfig {
 public:
  using Pair = std::pair<std::string, std::string>;

  // descriptors: in, outlives it, and bounds maxclients; nullptr: no bound.
  explicit ServerConfig(const ConfigStart& start, const DescriptorBudget* descriptors = nullptr);

  // The parameters whose names match a pattern, each once. A pattern that is a name keeps its spelling.
  std::vector<Pair> Get(const std::vector<std::string_view>& patterns) const KVS_EXCLUDES(mutex_);
  // All or none. The error's context is Redis's text for it.
  Status Set(const std::vector<std::pair<std::string_view, std::string_view>>& changes) KVS_EXCLUDES(mutex_);

  // Lowers maxclients to what the descriptors allow. Returns the old value; 0: it fits.
  std::size_t LowerConnectionsMax() KVS_EXCLUDES(mutex_);

  bool allows_debug() const { return allows_debug_; }
  // What is set now, as numbers. Limits of one client hold for clients that come from now on.
  const settings::LiveValues& live() const { return live_; }
  bool has_password() const { return live_.has_password.get() != 0; }
  bool IsPassword(std::string_view guess) const KVS_EXCLUDES(mutex_);
  bool sync_before_reply() const { return live_.sync_choice.get() == always_; }
  std::size_t connections_max() const { return live_.clients_max.size(); }
  std::chrono::milliseconds idle_timeout() const { return std::chrono::milliseconds(live_.idle_timeout_ms.get()); }
  std::chrono::milliseconds output_timeout() const { return std::chrono::milliseconds(live_.output_timeout_ms.get()); }

 private:
  struct Change {
    const settings::Setting* setting;
    std::string value;
  };
  std::string& Value(std::string_view name) KVS_REQUIRES(mutex_);
  const std::string& Value(std::string_view name) const KVS_REQUIRES(mutex_);
  void Fill(const settings::Setting& setting, std::string_view value);
  void Apply(const Change& change) KVS_REQUIRES(mutex_);
  Status CheckEffect(const settings::Setting& setting, std::string_view value) const;

  // Constant after construction.
  const DescriptorBudget* const descriptors_;
  const bool store_syncs_;
  const bool allows_debug_;
  const std::int64_t always_;  // The number of that word of appendfsync.

  mutable sync::Mutex mutex_;
  std::vector<Pair> values_ KVS_GUARDED_BY(mutex_);  // In the order of the table.

  settings::LiveValues live_;
};

}  // namespace kvs::server
