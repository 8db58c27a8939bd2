#include "observers/monitors.h"

#include <chrono>
#include <cstdio>
#include <new>
#include <string>

#include "io/socket.h"

namespace kvs::server {
namespace {

std::string TimeText() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const long long microseconds = std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count();
  char text[48];
  const int characters =
      std::snprintf(text, sizeof text, "%lld.%06lld", microseconds / 1'000'000, microseconds % 1'000'000);
  return {text, static_cast<std::size_t>(characters)};
}

}  // namespace

std::string QuotedBytes(std::string_view bytes) {
  std::string quoted = "\"";
  for (const char c : bytes) {
    switch (c) {
      case '\\':
      case '"':
        quoted += '\\';
        quoted += c;
        break;
      case '\n': quoted += "\\n"; break;
      case '\r': quoted += "\\r"; break;
      case '\t': quoted += "\\t"; break;
      case '\a': quoted += "\\a"; break;
      case '\b': quoted += "\\b"; break;
      default:
        if (c >= ' ' && c <= '~') {
          quoted += c;
        } else {
          char hex[5];
          std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
          quoted += hex;
        }
    }
  }
  return quoted + "\"";
}

void Monitors::Enter(Subscriber& client) {
  if (client.is_monitor.exchange(true, std::memory_order_relaxed)) return;  // R1
  const sync::MutexLock lock(mutex_);
  monitors_.push_back(&client);
  observers_.Set(Observers::kMonitors, true);
}

void Monitors::Leave(Subscriber& client) {
  if (!client.is_monitor.exchange(false, std::memory_order_relaxed)) return;  // R1
  const sync::MutexLock lock(mutex_);
  std::erase(monitors_, &client);
  observers_.Set(Observers::kMonitors, !monitors_.empty());
}

// The command is done: that there is no memory to show it costs the monitors their connections, and not its client.
void Monitors::Show(int socket, std::span<const std::string_view> arguments) {
  try {
    std::string line = "+" + TimeText() + " [0 " + io::PeerText(socket) + "]";
    for (const std::string_view argument : arguments) line += " " + QuotedBytes(argument);
    line += "\r\n";
    const sync::MutexLock lock(mutex_);
    for (const Subscriber* monitor : monitors_) monitor->outbox->Push(line);
  } catch (const std::bad_alloc&) {
    const sync::MutexLock lock(mutex_);
    for (const Subscriber* monitor : monitors_) monitor->outbox->Overflow();
  }
}

}  // namespace kvs::server
