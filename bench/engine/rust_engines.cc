// redb and fjall, through the crate in rust_peers. Their manuals: a cache that holds the data, for both; redb loads in
// transactions of many pairs. fjall is built without lz4, since the values cannot be compressed.
#include <array>

#include "engine.h"
#include "kvs_peers.h"

namespace kvs::bench {
namespace {

constexpr std::uint64_t kCacheBytes = std::uint64_t{4} << 30;
constexpr std::size_t kRedbPairsPerLoad = 1'000;
constexpr std::size_t kBatchMax = 32;

KvsPeerView ViewOf(std::string_view bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

// Where the visits of one call go.
struct Seen {
  ValueReader& reader;
  Sighting* first;
};

void See(void* context, std::size_t index, KvsPeerView value) {
  const auto* const seen = static_cast<const Seen*>(context);
  seen->first[index] = seen->reader.Read(value.data, value.size);
}

struct Scanned {
  ValueReader& reader;
  ScanSum sum{};
};

void AddValue(void* context, std::size_t, KvsPeerView value) {
  auto* const scanned = static_cast<Scanned*>(context);
  scanned->sum.Add(scanned->reader.Read(value.data, value.size));
}

class RustSession final : public Session {
 public:
  RustSession(const KvsPeer* peer, std::size_t load_batch) : peer_(peer), load_batch_(load_batch) {}

  void Set(std::string_view key, std::string_view value) override {
    const KvsPeerPair pair{ViewOf(key), ViewOf(value)};
    kvs_peer_set(peer_, &pair, 1);
  }
  void Remove(std::string_view key) override { kvs_peer_remove(peer_, ViewOf(key)); }

  std::size_t load_batch() const override { return load_batch_; }
  void Load(std::span<const Pair> pairs) override {
    pairs_.clear();
    for (const Pair& pair : pairs) pairs_.push_back({ViewOf(pair.key), ViewOf(pair.value)});
    kvs_peer_set(peer_, pairs_.data(), pairs_.size());
  }

  Sighting Get(std::string_view key) override {
    Sighting seen;
    MultiGet({&key, 1}, &seen);
    return seen;
  }

  void MultiGet(std::span<const std::string_view> keys, Sighting* seen) override {
    if (keys.size() > views_.size()) Die("peer: a batch of more than 32 keys");
    std::ranges::transform(keys, views_.begin(), ViewOf);
    std::fill_n(seen, keys.size(), Sighting{});
    Seen context{value_reader_, seen};
    kvs_peer_get(peer_, views_.data(), keys.size(), See, &context);
  }

  ScanSum Scan(std::string_view from, std::uint64_t limit) override {
    Scanned scanned{value_reader_};
    kvs_peer_scan(peer_, ViewOf(from), limit, AddValue, &scanned);
    return scanned.sum;
  }

 private:
  const KvsPeer* const peer_;
  const std::size_t load_batch_;
  std::array<KvsPeerView, kBatchMax> views_;
  std::vector<KvsPeerPair> pairs_;
};

class RustEngine final : public Engine {
 public:
  RustEngine(KvsPeerKind kind, const Settings& settings, std::size_t load_batch, std::string description)
      : peer_(kvs_peer_open(kind, ViewOf(settings.directory.native()), settings.durable ? 1 : 0, kCacheBytes)),
        load_batch_(load_batch),
        description_(std::move(description)) {}
  ~RustEngine() override { kvs_peer_close(peer_); }
  RustEngine(const RustEngine&) = delete;
  RustEngine& operator=(const RustEngine&) = delete;

  std::string Describe() const override { return description_; }
  std::unique_ptr<Session> NewSession() override { return std::make_unique<RustSession>(peer_, load_batch_); }
  void Sync() override { kvs_peer_sync(peer_); }
  bool Compact() override { return kvs_peer_compact(peer_) != 0; }

 private:
  KvsPeer* const peer_;
  const std::size_t load_batch_;
  const std::string description_;
};

}  // namespace

std::unique_ptr<Engine> OpenRedb(const Settings& settings) {
  const std::string durability = settings.durable ? "Durability::Immediate, every transaction synced"
                                                  : "Durability::None (a killed process loses what came since its "
                                                    "start)";
  return std::make_unique<RustEngine>(
      kKvsPeerRedb, settings, kRedbPairsPerLoad,
      "4.6, cache 4 GiB, " + durability + ", load in transactions of 1,000, all else one transaction a set");
}

std::unique_ptr<Engine> OpenFjall(const Settings& settings) {
  const std::string durability = settings.durable ? "PersistMode::SyncData after each set" : "PersistMode::Buffer";
  return std::make_unique<RustEngine>(kKvsPeerFjall, settings, 1,
                                      "3.1, cache 4 GiB, its default bloom filters and memtable of 64 MiB, no "
                                      "compression, " +
                                          durability);
}

}  // namespace kvs::bench
