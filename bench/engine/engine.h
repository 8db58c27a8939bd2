// Engine and Session: the one interface through which the bench sees every store, ours among them.
//
// Design      Each adapter is a file of its own. Each thread has a Session. It holds a store's state per thread, if
//             there is any, such as LMDB's read transaction. A read copies each value whole, out of the memory that the
//             store shows, and answers its size and its first eight bytes, which the caller checks.
// Threads     Engine: from any thread. Session: one thread at a time; it must go before its engine.
// Durability  With `durable` in the settings each Set() that returned survives power loss. Without it, a Set() survives
//             the death of the process, unless Describe() says less.
// Errors      A store that fails ends the worker, with a message: its figures would mean nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "die.h"
#include "value_reader.h"

namespace kvs::bench {

struct Settings {
  std::filesystem::path directory{};
  std::uint64_t keys = 0;  // How many there will be: for floors and maps that are sized ahead.
  std::size_t value_bytes = 100;
  bool durable = false;
  unsigned writers = 1;    // That will wait for durability together.
  bool compaction = true;  // False: none in the background, if the store has such a setting.
  bool tight = false;      // As little space as its goals demand, if the store has such a setting.
};

// The result of a scan, which read each value.
struct ScanSum {
  std::uint64_t keys = 0;
  std::uint64_t value_bytes = 0;
  std::uint64_t leads = 0;

  void Add(const Sighting& seen) {
    ++keys;
    value_bytes += seen.bytes;
    leads ^= seen.lead;
  }
};

struct Pair {
  std::string_view key;
  std::string_view value;
};

class Session {
 public:
  virtual ~Session() = default;
  virtual void Set(std::string_view key, std::string_view value) = 0;
  virtual void Remove(std::string_view key) = 0;
  virtual Sighting Get(std::string_view key) = 0;

  // As many Get(), for stores that have a call for it.
  virtual void MultiGet(std::span<const std::string_view> keys, Sighting* seen) {
    for (const std::string_view key : keys) *seen++ = Get(key);
  }

  // How many new pairs in one call a load is best done with; 1: by Set(), and Load() is not called.
  virtual std::size_t load_batch() const { return 1; }
  virtual void Load(std::span<const Pair> pairs) {
    for (const Pair& pair : pairs) Set(pair.key, pair.value);
  }

  // Up to `limit` pairs in order, from the first key that is not below `from`.
  virtual ScanSum Scan(std::string_view from, std::uint64_t limit) = 0;

 protected:
  ValueReader value_reader_;  // Every value that is found goes through it.
};

class Engine {
 public:
  virtual ~Engine() = default;               // Closes, as a program that ends well does.
  virtual std::string Describe() const = 0;  // The settings, for people.
  virtual std::unique_ptr<Session> NewSession() = 0;
  virtual void Sync() = 0;
  virtual bool Compact() = 0;                       // False: the store has no such thing.
  virtual std::uint64_t IndexBytes() { return 0; }  // As the store itself says; 0: it does not.
  virtual bool has_order() const { return true; }   // False: Scan() is not to be called.
};

// The engine that has workloads of its own, which a worker runs without OpenEngine(): limits.h.
inline constexpr std::string_view kLimitsName = "limits";

// The engines that are no store.
inline constexpr std::array<std::string_view, 4> kFloors = {"raw", "hash", "empty", kLimitsName};
inline bool IsFloor(std::string_view name) { return std::ranges::find(kFloors, name) != kFloors.end(); }

// The names that this build knows, in the order of the tables.
std::vector<std::string> EngineNames();

// Ends the process if the name is unknown or the store cannot be opened.
std::unique_ptr<Engine> OpenEngine(std::string_view name, const Settings& settings);

// Each in the file that is called so; redb and fjall in rust_engines.cc.
std::unique_ptr<Engine> OpenKvs(const Settings& settings);
std::unique_ptr<Engine> OpenSled(const Settings& settings);
std::unique_ptr<Engine> OpenRocksDb(const Settings& settings);
std::unique_ptr<Engine> OpenLmdb(const Settings& settings);
std::unique_ptr<Engine> OpenLevelDb(const Settings& settings);
std::unique_ptr<Engine> OpenRedb(const Settings& settings);
std::unique_ptr<Engine> OpenFjall(const Settings& settings);
std::unique_ptr<Engine> OpenHashTable(const Settings& settings);
std::unique_ptr<Engine> OpenEmpty(const Settings& settings);
std::unique_ptr<Engine> OpenRawSync(const Settings& settings);

}  // namespace kvs::bench
