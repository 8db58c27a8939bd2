// LevelDB. Its manual (doc/index.md, "Performance"): a cache that holds the data, a bloom filter for point reads, a
// larger write buffer for bulk loads, no compression if the values cannot be compressed.
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include "engine.h"

namespace kvs::bench {
namespace {

constexpr std::size_t kCacheBytes = std::size_t{4} << 30;
constexpr std::size_t kMemtableBytes = std::size_t{64} << 20;
constexpr int kBloomBits = 10;
constexpr int kOpenFilesMax = 10'000;

void Check(const leveldb::Status& status) {
  if (!status.ok()) Die("leveldb: " + status.ToString());
}

leveldb::Slice SliceOf(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

class LevelDbSession final : public Session {
 public:
  LevelDbSession(leveldb::DB& db, bool durable) : db_(db) { write_.sync = durable; }

  void Set(std::string_view key, std::string_view value) override {
    Check(db_.Put(write_, SliceOf(key), SliceOf(value)));
  }
  void Remove(std::string_view key) override { Check(db_.Delete(write_, SliceOf(key))); }

  Sighting Get(std::string_view key) override {
    const leveldb::Status status = db_.Get(read_, SliceOf(key), &value_);
    if (status.IsNotFound()) return {};
    Check(status);
    return value_reader_.Read(value_);
  }

  ScanSum Scan(std::string_view from, std::uint64_t limit) override {
    ScanSum sum;
    const std::unique_ptr<leveldb::Iterator> at(db_.NewIterator(read_));
    for (at->Seek(SliceOf(from)); at->Valid() && sum.keys < limit; at->Next()) {
      sum.Add(value_reader_.Read(at->value().data(), at->value().size()));
    }
    Check(at->status());
    return sum;
  }

 private:
  leveldb::DB& db_;
  leveldb::WriteOptions write_;
  leveldb::ReadOptions read_;
  std::string value_;  // Get() has no way but a copy; its room is kept.
};

class LevelDbEngine final : public Engine {
 public:
  explicit LevelDbEngine(const Settings& settings)
      : durable_(settings.durable),
        cache_(leveldb::NewLRUCache(kCacheBytes)),
        filter_(leveldb::NewBloomFilterPolicy(kBloomBits)) {
    leveldb::Options options;
    options.create_if_missing = true;
    options.block_cache = cache_.get();
    options.filter_policy = filter_.get();
    options.write_buffer_size = kMemtableBytes;
    options.max_file_size = kMemtableBytes;
    options.max_open_files = kOpenFilesMax;
    options.compression = leveldb::kNoCompression;
    leveldb::DB* db = nullptr;
    Check(leveldb::DB::Open(options, settings.directory.string(), &db));
    db_.reset(db);
  }

  std::string Describe() const override {
    return std::to_string(leveldb::kMajorVersion) + "." + std::to_string(leveldb::kMinorVersion) +
           ", cache 4 GiB, bloom filter of 10 bits, write buffer and files of 64 MiB, no compression, checksums not "
           "verified (its default)" +
           (durable_ ? ", sync=true" : ", sync=false");
  }
  std::unique_ptr<Session> NewSession() override { return std::make_unique<LevelDbSession>(*db_, durable_); }

  // There is no call for it: an empty write that is synced takes all before it along.
  void Sync() override {
    leveldb::WriteOptions synced;
    synced.sync = true;
    leveldb::WriteBatch nothing;
    Check(db_->Write(synced, &nothing));
  }
  bool Compact() override {
    db_->CompactRange(nullptr, nullptr);
    return true;
  }

 private:
  const bool durable_;
  const std::unique_ptr<leveldb::Cache> cache_;
  const std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> db_;  // Last: it uses both.
};

}  // namespace

std::unique_ptr<Engine> OpenLevelDb(const Settings& settings) { return std::make_unique<LevelDbEngine>(settings); }

}  // namespace kvs::bench
