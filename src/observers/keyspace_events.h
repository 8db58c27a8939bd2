// KeyspaceEvents: which changes of keys are published, and their publishing.
//
// Design      A command notes what it has done in its client's list, if the class of the event is wanted. When the
//             command, or the transaction around it, has taken effect, the list is published. The channel
//             __keyspace@0__:KEY gets the name of the event, and __keyevent@0__:EVENT gets the key.
// Threads     Call anything from any thread.
//
// Fences      R1  classes_: relaxed. It is set under an exclusive pass of the server's gate.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvs::server {

class PubSub;

// The letters of notify-keyspace-events.
enum class EventClass : std::uint32_t {
  kKeyspace = 1U << 0,  // K
  kKeyevent = 1U << 1,  // E
  kGeneric = 1U << 2,   // g
  kString = 1U << 3,    // $
  kExpired = 1U << 8,   // x
  kKeyMiss = 1U << 11,  // m
  kNew = 1U << 14,      // n
};

// nullopt: a letter that means nothing.
std::optional<std::uint32_t> ParseEventClasses(std::string_view letters);
// As CONFIG GET shows them.
std::string EventClassLetters(std::uint32_t classes);

struct KeyspaceEvent {
  std::string_view name;  // A constant.
  std::string key;
};

class KeyspaceEvents {
 public:
  bool wants(EventClass event) const {
    return (classes_.load(std::memory_order_relaxed) & static_cast<std::uint32_t>(event)) != 0;  // R1
  }
  // Whether anything is published at all: K or E is set.
  bool is_on() const { return wants(EventClass::kKeyspace) || wants(EventClass::kKeyevent); }
  void set_classes(std::uint32_t classes) { classes_.store(classes, std::memory_order_relaxed); }  // R1

  void Publish(PubSub& pub_sub, std::string_view name, std::string_view key) const;

 private:
  std::atomic<std::uint32_t> classes_{0};  // R1
};

}  // namespace kvs::server
