// ServerConfig: the parameters of CONFIG GET and CONFIG SET.
//
// Design      Names, forms and first values are those of src/settings. Most parameters of Redis have no meaning here;
//             those that tools and tests ask for are kept, so that a value set is the value read. Those that have one
//             are applied as they are set.
// Threads     Call anything from any thread.
//
// Fences      R1  the atomics: relaxed. Each stands for itself; nothing is reached through it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvs/result.h"
#include "net/descriptor_budget.h"
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
  std::vector<std::pair<std::string, std::string>> parameters{};  // Of those that follow from nothing above.
};

class ServerConfig {
 public:
  using Pair = std::pair<std::string, std::string>;

  // `descriptors` outlives it, and bounds maxclients; nullptr: nothing does.
  explicit ServerConfig(const ConfigStart& start, const DescriptorBudget* descriptors = nullptr);

  // Those whose name matches one of the patterns, each once; by the name as it was asked for, if it was.
  std::vector<Pair> Get(const std::vector<std::string_view>& patterns) const KVS_EXCLUDES(mutex_);
  // All or none. The error's context is Redis's text for it.
  Status Set(const std::vector<std::pair<std::string_view, std::string_view>>& changes) KVS_EXCLUDES(mutex_);

  // Lowers maxclients to what the descriptors allow. Returns what it was before; 0: it fits.
  std::size_t LowerConnectionsMax() KVS_EXCLUDES(mutex_);

  bool allows_debug() const { return allows_debug_; }
  bool has_password() const { return has_password_.load(std::memory_order_relaxed); }  // R1
  bool IsPassword(std::string_view guess) const KVS_EXCLUDES(mutex_);
  bool sync_before_reply() const { return sync_before_reply_.load(std::memory_order_relaxed); }     // R1
  std::size_t connections_max() const { return connections_max_.load(std::memory_order_relaxed); }  // R1
  // Of clients that come from now on.
  std::size_t request_bytes_max() const { return request_bytes_max_.load(std::memory_order_relaxed); }  // R1
  std::size_t output_bytes_max() const { return output_bytes_max_.load(std::memory_order_relaxed); }    // R1
  std::size_t client_memory_max() const { return client_memory_max_.load(std::memory_order_relaxed); }  // R1. 0: any.
  std::chrono::milliseconds idle_timeout() const {
    return std::chrono::milliseconds(idle_timeout_ms_.load(std::memory_order_relaxed));  // R1
  }
  std::chrono::milliseconds output_timeout() const {
    return std::chrono::milliseconds(output_timeout_ms_.load(std::memory_order_relaxed));  // R1
  }

 private:
  struct Applied {
    std::string name;
    std::string value;
  };
  std::string& Value(std::string_view name) KVS_REQUIRES(mutex_);
  const std::string& Value(std::string_view name) const KVS_REQUIRES(mutex_);
  void Apply(const Applied& change) KVS_REQUIRES(mutex_);
  struct Effect {
    std::string_view name;
    void (*apply)(ServerConfig& config, const std::string& value);
  };
  static const std::vector<Effect>& Effects();
  Status CheckEffect(std::string_view name, const std::string& value) const;

  // Constant after construction.
  const DescriptorBudget* const descriptors_;
  const bool store_syncs_;
  const bool allows_debug_;

  mutable sync::Mutex mutex_;
  std::vector<Pair> values_ KVS_GUARDED_BY(mutex_);  // In the order of the table.

  std::atomic<bool> has_password_{false};           // R1
  std::atomic<bool> sync_before_reply_{false};      // R1
  std::atomic<std::size_t> connections_max_{0};     // R1
  std::atomic<std::size_t> request_bytes_max_{0};   // R1
  std::atomic<std::size_t> output_bytes_max_{0};    // R1
  std::atomic<std::size_t> client_memory_max_{0};   // R1
  std::atomic<std::int64_t> idle_timeout_ms_{0};    // R1
  std::atomic<std::int64_t> output_timeout_ms_{0};  // R1
};

}  // namespace kvs::server
