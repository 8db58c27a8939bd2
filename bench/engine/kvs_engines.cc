// kvs and sled, both through the public interface of the library.
#include <cstdio>

#include "engine.h"
#include "kvs/kv_store.h"
#include "kvs/sled_kvs_engine.h"

namespace kvs::bench {
namespace {

void Check(const Status& status) {
  if (!status) Die(status.error().ToString());
}

class KvsSession final : public Session {
 public:
  KvsSession(KvsEngine& engine, bool sync_each, std::size_t load_batch)
      : engine_(engine), sync_each_(sync_each), load_batch_(load_batch) {}

  void Set(std::string_view key, std::string_view value) override {
    Check(engine_.Set(key, value));
    if (sync_each_) Check(engine_.Sync());
  }
  void Remove(std::string_view key) override { Check(engine_.Remove(key)); }

  std::size_t load_batch() const override { return load_batch_; }
  void Load(std::span<const Pair> pairs) override {
    batch_.Clear();
    for (const Pair& pair : pairs) batch_.Set(pair.key, pair.value);
    Check(engine_.Write(batch_));
  }

  Sighting Get(std::string_view key) override {
    Sighting seen;
    const auto found = engine_.Read(key, [&](std::string_view value) { seen = value_reader_.Read(value); });
    if (!found) Die(found.error().ToString());
    return seen;
  }

  void MultiGet(std::span<const std::string_view> keys, Sighting* seen) override {
    Check(engine_.MultiGet(keys, [&](std::size_t index, std::optional<std::string_view> value) {
      seen[index] = value ? value_reader_.Read(*value) : Sighting{};
    }));
  }

  ScanSum Scan(std::string_view from, std::uint64_t limit) override {
    ScanSum sum;
    range_.from.assign(from);
    range_.limit = limit;
    Check(engine_.Scan(range_, [&](std::string_view, std::string_view value) {
      sum.Add(value_reader_.Read(value));
      return true;
    }));
    return sum;
  }

 private:
  KvsEngine& engine_;
  const bool sync_each_;
  const std::size_t load_batch_;
  ScanRange range_;
  WriteBatch batch_;
};

class KvsAdapter final : public Engine {
 public:
  KvsAdapter(std::shared_ptr<KvsEngine> engine, std::string description, bool sync_each, std::size_t load_batch)
      : engine_(std::move(engine)),
        description_(std::move(description)),
        sync_each_(sync_each),
        load_batch_(load_batch) {}

  std::string Describe() const override { return description_; }
  std::unique_ptr<Session> NewSession() override {
    return std::make_unique<KvsSession>(*engine_, sync_each_, load_batch_);
  }
  void Sync() override { Check(engine_->Sync()); }

  bool Compact() override {
    const Status status = engine_->Compact();
    if (!status && status.error().code == ErrorCode::kUnsupported) return false;
    Check(status);
    return true;
  }

  std::uint64_t IndexBytes() override {
    if (engine_->Name() != "kvs") return 0;  // sled cannot tell, and walks over every key to say so.
    const auto stats = engine_->Stats();
    return stats ? stats->index_bytes : 0;
  }

 private:
  const std::shared_ptr<KvsEngine> engine_;
  const std::string description_;
  const bool sync_each_;
  const std::size_t load_batch_;
};

// Nobody overwrites so much in a run that a store of which nine tenths may be garbage would compact.
constexpr double kGarbageRatioWithoutCompaction = 0.9;

// 1.43 of the user's bytes are 1.31 of the records', with two segments and the output of compaction.
constexpr double kTightGarbageRatio = 0.238;
constexpr std::uint64_t kTightSegmentBytes = std::uint64_t{2} << 20;

std::string Short(double number) {
  char text[16];
  std::snprintf(text, sizeof text, "%.3g", number);
  return text;
}

// One by one, each pair would wait for a flush of its own.
constexpr std::size_t kSledPairsPerLoad = 1'000;

}  // namespace

std::unique_ptr<Engine> OpenKvs(const Settings& settings) {
  KvStoreOptions options;
  options.sync = settings.durable ? SyncPolicy::kAlways : SyncPolicy::kNone;
  if (!settings.compaction) options.garbage_ratio_max = kGarbageRatioWithoutCompaction;
  if (settings.tight) options.garbage_ratio_max = kTightGarbageRatio;
  if (settings.tight) options.segment_bytes = kTightSegmentBytes;
  auto store = KvStore::Open(settings.directory, options);
  if (!store) Die(store.error().ToString());
  std::string description = settings.durable ? "sync=always" : "sync=none";
  description += ", segments of up to " + std::to_string(options.segment_bytes >> 20) + " MiB, garbage_ratio_max " +
                 Short(options.garbage_ratio_max);
  if (!settings.compaction) description += " (no compaction)";
  if (settings.compaction && !settings.tight) description += ", as it comes";
  return std::make_unique<KvsAdapter>(std::move(*store), std::move(description), false, 1);
}

std::unique_ptr<Engine> OpenSled(const Settings& settings) {
  auto store = SledKvsEngine::Open(settings.directory);
  if (!store) Die(store.error().ToString());
  const std::string description =
      "0.34 as it comes, through SledKvsEngine: cache 1 GB, load in batches of 1,000, all else waits for sled's flush";
  return std::make_unique<KvsAdapter>(std::move(*store), description, settings.durable, kSledPairsPerLoad);
}

}  // namespace kvs::bench
