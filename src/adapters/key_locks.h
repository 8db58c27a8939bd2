// KeyLocks: makes a read and the write that depends on it atomic, for a store without such an operation.
//
// Design      Keys fall into groups by their hash, and each group has a lock. Every writer holds the locks of its keys'
//             groups during its write. A Remove() or Update() holds one during its read as well, so no other writer
//             comes between. Several locks are taken in the order of their groups, which prevents deadlock.
// Threads     Any thread. A thread holds one Of() or one Hold at a time.
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
      64;  // More than the threads that write in parallel. ThreadSanitizer tracks at most 128 locks per thread.
  using Groups = std::bitset<kGroups>;

  static std::size_t GroupOf(std::string_view key) { return base::Hash64(key) % kGroups; }

  sync::Mutex& Of(std::string_view key) { return locks_[GroupOf(key)].mutex; }

  // Holds the locks of several groups. The thread-safety analysis cannot follow a variable number, so it is turned off.
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
  struct alignas(64) Lock {  // Each has a cache line of its own, because neighbours would slow each other down.
    sync::Mutex mutex;
  };
  std::array<Lock, kGroups> locks_;
};

}  // namespace kvs::adapters
