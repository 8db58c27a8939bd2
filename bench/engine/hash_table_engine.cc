// A floor: an open-addressing hash table over an arena, on huge pages, without durability, checksums or order. It shows
// the cost of a point operation that uses only memory.
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <bit>
#include <thread>

#include "base/hash.h"
#include "engine.h"

namespace kvs::bench {
namespace {

constexpr std::size_t kShards = 64;
constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;
constexpr unsigned kOffsetBits = 48;
constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << kOffsetBits) - 1;
constexpr std::uint64_t kEmptySlot = 0;
constexpr std::uint64_t kRemovedSlot = 1;  // No record begins so near to the start of the arena.
constexpr std::size_t kArenaBegin = 64;
constexpr std::uint64_t kKeysInserted = 2'000'000;  // At most so many come to those of the load.

// Memory of the kernel's that costs nothing until it is touched.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : bytes_((bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    data_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (data_ == MAP_FAILED) Die("hash: no memory");
    ::madvise(data_, bytes_, MADV_HUGEPAGE);
  }
  ~Memory() { ::munmap(data_, bytes_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  char* data() const { return static_cast<char*>(data_); }

 private:
  const std::size_t bytes_;
  void* data_ = nullptr;
};

class SpinLock {
 public:
  void Lock() {
    while (flag_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();  // P1
  }
  void Unlock() { flag_.clear(std::memory_order_release); }  // P1

 private:
  std::atomic_flag flag_;
};

// Slots are tag and offset in one word; a record is two lengths, key, value. All but Prefetch() runs under the lock.
class alignas(64) Shard {
 public:
  void Reserve(std::uint64_t keys, std::size_t value_bytes) {
    const std::size_t slots = std::bit_ceil(keys * 3 / 2 + 16);
    slots_ = std::make_unique<Memory>(slots * sizeof(std::uint64_t));
    slot_mask_ = slots - 1;
    arena_ = std::make_unique<Memory>(kArenaBegin + keys * (value_bytes + 40));  // The kernel gives what is touched.
    arena_used_ = kArenaBegin;
  }

  void Set(std::uint64_t hash, std::string_view key, std::string_view value) {
    std::uint64_t slot = Find(hash, key);
    if (const std::uint64_t word = Slot(slot); word > kRemovedSlot) {
      char* const record = arena_->data() + (word & kOffsetMask);
      Lengths lengths = LengthsOf(record);
      if (lengths.value_bytes >= value.size()) {
        lengths.value_bytes = static_cast<std::uint32_t>(value.size());
        std::memcpy(record, &lengths, sizeof lengths);
        std::memcpy(record + sizeof lengths + key.size(), value.data(), value.size());
        return;
      }
    }
    if (++records_ == slot_mask_) Die("hash: the table is full");  // Probing would not end.
    SetSlot(slot, TagOf(hash) | Append(key, value));
  }

  Sighting Get(std::uint64_t hash, std::string_view key, ValueReader& reader) const {
    const std::uint64_t word = Slot(Find(hash, key));
    if (word <= kRemovedSlot) return {};
    const char* const record = arena_->data() + (word & kOffsetMask);
    const Lengths lengths = LengthsOf(record);
    return reader.Read(record + sizeof lengths + lengths.key_bytes, lengths.value_bytes);
  }

  void Remove(std::uint64_t hash, std::string_view key) {
    const std::uint64_t slot = Find(hash, key);
    if (Slot(slot) > kRemovedSlot) SetSlot(slot, kRemovedSlot);
  }

  void PrefetchSlot(std::uint64_t hash) const { __builtin_prefetch(slots() + (hash & slot_mask_)); }
  void PrefetchRecord(std::uint64_t hash) const {
    const char* const record = arena_->data() + (Slot(hash & slot_mask_) & kOffsetMask);
    __builtin_prefetch(record);
    __builtin_prefetch(record + 63);
  }

  SpinLock lock;

 private:
  struct Lengths {
    std::uint32_t key_bytes;
    std::uint32_t value_bytes;
  };

  static std::uint64_t TagOf(std::uint64_t hash) { return hash >> kOffsetBits << kOffsetBits; }

  static Lengths LengthsOf(const char* record) {
    Lengths lengths{};
    std::memcpy(&lengths, record, sizeof lengths);
    return lengths;
  }

  std::uint64_t* slots() const { return reinterpret_cast<std::uint64_t*>(slots_->data()); }
  std::uint64_t Slot(std::uint64_t at) const {  // Relaxed: the lock orders it, and a prefetch may be wrong.
    return std::atomic_ref(slots()[at]).load(std::memory_order_relaxed);
  }
  void SetSlot(std::uint64_t at, std::uint64_t word) {
    std::atomic_ref(slots()[at]).store(word, std::memory_order_relaxed);
  }

  // The slot of `key`, or the empty one where it belongs.
  std::uint64_t Find(std::uint64_t hash, std::string_view key) const {
    for (std::uint64_t at = hash & slot_mask_;; at = (at + 1) & slot_mask_) {
      const std::uint64_t word = Slot(at);
      if (word == kEmptySlot) return at;
      if (word == kRemovedSlot || TagOf(word) != TagOf(hash)) continue;
      const char* const record = arena_->data() + (word & kOffsetMask);
      const Lengths lengths = LengthsOf(record);
      if (std::string_view(record + sizeof lengths, lengths.key_bytes) == key) return at;
    }
  }

  std::uint64_t Append(std::string_view key, std::string_view value) {
    const std::uint64_t offset = arena_used_;
    char* const record = arena_->data() + offset;
    const Lengths lengths{static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(value.size())};
    std::memcpy(record, &lengths, sizeof lengths);
    std::memcpy(record + sizeof lengths, key.data(), key.size());
    std::memcpy(record + sizeof lengths + key.size(), value.data(), value.size());
    arena_used_ = (offset + sizeof lengths + key.size() + value.size() + 7) & ~std::uint64_t{7};
    return offset;
  }

  std::unique_ptr<Memory> slots_;
  std::uint64_t slot_mask_ = 0;
  std::uint64_t records_ = 0;  // Ever appended: at least as many as slots that are not empty.
  std::unique_ptr<Memory> arena_;
  std::uint64_t arena_used_ = 0;
};

using Shards = std::array<Shard, kShards>;

class HashTableSession final : public Session {
 public:
  explicit HashTableSession(Shards& shards) : shards_(shards) {}

  void Set(std::string_view key, std::string_view value) override {
    const std::uint64_t hash = base::Hash64(key);
    Shard& shard = ShardOf(hash);
    shard.lock.Lock();
    shard.Set(hash, key, value);
    shard.lock.Unlock();
  }
  void Remove(std::string_view key) override {
    const std::uint64_t hash = base::Hash64(key);
    Shard& shard = ShardOf(hash);
    shard.lock.Lock();
    shard.Remove(hash, key);
    shard.lock.Unlock();
  }
  Sighting Get(std::string_view key) override { return Get(base::Hash64(key), key); }

  void MultiGet(std::span<const std::string_view> keys, Sighting* seen) override {
    std::array<std::uint64_t, 32> hashes;
    if (keys.size() > hashes.size()) Die("hash: a batch of more than 32 keys");
    for (std::size_t i = 0; i < keys.size(); ++i) {
      hashes[i] = base::Hash64(keys[i]);
      ShardOf(hashes[i]).PrefetchSlot(hashes[i]);
    }
    for (std::size_t i = 0; i < keys.size(); ++i) ShardOf(hashes[i]).PrefetchRecord(hashes[i]);
    for (std::size_t i = 0; i < keys.size(); ++i) seen[i] = Get(hashes[i], keys[i]);
  }

  ScanSum Scan(std::string_view, std::uint64_t) override { Die("hash: it has no order"); }

 private:
  Shard& ShardOf(std::uint64_t hash) { return shards_[hash >> 42 & (kShards - 1)]; }

  Sighting Get(std::uint64_t hash, std::string_view key) {
    Shard& shard = ShardOf(hash);
    shard.lock.Lock();
    const Sighting seen = shard.Get(hash, key, value_reader_);
    shard.lock.Unlock();
    return seen;
  }

  Shards& shards_;
};

class HashTableEngine final : public Engine {
 public:
  explicit HashTableEngine(const Settings& settings) : shards_(std::make_unique<Shards>()) {
    const std::uint64_t keys = settings.keys * 9 / 8 + kKeysInserted;
    for (Shard& shard : *shards_) shard.Reserve(keys / kShards, settings.value_bytes);
  }
  std::string Describe() const override {
    return "floor: open addressing over an arena, 64 shards, a spin lock each, huge pages; stores nothing durable";
  }
  std::unique_ptr<Session> NewSession() override { return std::make_unique<HashTableSession>(*shards_); }
  void Sync() override {}
  bool Compact() override { return false; }
  bool has_order() const override { return false; }

 private:
  const std::unique_ptr<Shards> shards_;
};

}  // namespace

std::unique_ptr<Engine> OpenHashTable(const Settings& settings) { return std::make_unique<HashTableEngine>(settings); }

}  // namespace kvs::bench
