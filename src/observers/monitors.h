// Monitors: the clients that are shown every command.
//
// Threads     Call anything from any thread.
// Ownership   A client leaves before it ends.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "observers/observers.h"
#include "observers/subscriber.h"
#include "sync/mutex.h"

namespace kvs::server {

class Monitors {
 public:
  explicit Monitors(Observers& observers) : observers_(observers) {}

  void Enter(Subscriber& client) KVS_EXCLUDES(mutex_);
  void Leave(Subscriber& client) KVS_EXCLUDES(mutex_);
  // Shows a call of the client of `socket`, with the time of now.
  void Show(int socket, std::span<const std::string_view> arguments) KVS_EXCLUDES(mutex_);

 private:
  Observers& observers_;
  sync::Mutex mutex_;
  std::vector<Subscriber*> monitors_ KVS_GUARDED_BY(mutex_);
};

// `bytes` between quotes, with escapes for bytes that are not printable.
std::string QuotedBytes(std::string_view bytes);

}  // namespace kvs::server
