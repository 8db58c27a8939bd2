// KeyLocks: makes a read and the write that depends on it one step, for a store that has no such step.
//
// Design      Keys fall into groups by their hash; a group has a lock. Every writer holds the locks of its keys' groups
//             across its write, so a Remove() or Update() that holds one across its read, too, has nobody in between.
//             Several locks are taken in the order of their groups, so nobody waits in a circle.
// Threads     Any. A thread holds one Of() or one Hold at a time.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <string_view>

#include "base/hash.h"
#include "sync/mutex.h"

namespace kvs::adapters {

class KeyLocks {
 public:
  static constexpr std::size_t kGroups =
      64;  // More than threads that write together; ThreadSanitizer follows 128 locks of a thread.
  using Groups = std::bitset<kGroups>;

  static std::size_t GroupOf(std::string_view key) { return base::Hash64(key) % kGroups; }

  sync::Mutex& Of(std::string_view key) { return locks_[GroupOf(key)].mutex; }

  // Holds the locks of several groups. The analysis cannot follow how many, so it is told to look away.
  class Hold {
   public:
    Hold(KeyLocks& locks, const Groups& groups) KVS_NO_THREAD_SAFETY_ANALYSIS : locks_(locks), groups_(groups) {
      for (std::size_t group = 0; group < kGroups; ++group) {
        if (groups_[group]) locks_.locks_[group].mutex.Lock();
      }
    }
    ~Hold() KVS_NO_THREAD_SAFETY_ANALYSIS {
      for (std::size_t group = 0; group < kGroups; ++group) {
        if (groups_[group]) locks_.locks_[group].mutex.Unlock();
      }
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    KeyLocks& locks_;
    const Groups groups_;
  };

 private:
  struct alignas(64) Lock {  // A cache line for each: neighbours do not disturb each other.
    sync::Mutex mutex;
  };
  std::array<Lock, kGroups> locks_;
};

}  // namespace kvs::adapters
