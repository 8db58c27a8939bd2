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
  // What the client of `socket` has called, with the time of now.
  void Show(int socket, std::span<const std::string_view> arguments) KVS_EXCLUDES(mutex_);

 private:
  Observers& observers_;
  sync::Mutex mutex_;
  std::vector<Subscriber*> monitors_ KVS_GUARDED_BY(mutex_);
};

// `bytes` between quotes, what is not printable escaped.
std::string QuotedBytes(std::string_view bytes);

}  // namespace kvs::server
