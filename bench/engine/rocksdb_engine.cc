// RocksDB. Its wiki ("Setup options and basic tuning", "RocksDB tuning guide"): IncreaseParallelism, dynamic level
// bytes, a block cache that holds the hot blocks, ten bits of bloom filter, format 5, index and filters in the cache,
// pinned at level 0, kMinOverlappingRatio; for point lookups a hash index within the data blocks and whole-key
// filtering in the memtable. Values here cannot be compressed, so compression is off. Reads are pinned slices, MultiGet
// is the batched one.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>

#include <array>

#include "engine.h"

namespace kvs::bench {
namespace {

constexpr std::size_t kCacheBytes = std::size_t{4} << 30;
constexpr std::size_t kMemtableBytes = std::size_t{64} << 20;
constexpr std::size_t kBatchMax = 32;
constexpr int kNever = 1 << 30;

void Check(const rocksdb::Status& status) {
  if (!status.ok()) Die("rocksdb: " + status.ToString());
}

rocksdb::Slice SliceOf(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

class RocksDbSession final : public Session {
 public:
  RocksDbSession(rocksdb::DB& db, bool durable) : db_(db) { write_.sync = durable; }

  void Set(std::string_view key, std::string_view value) override {
    Check(db_.Put(write_, SliceOf(key), SliceOf(value)));
  }
  void Remove(std::string_view key) override { Check(db_.Delete(write_, SliceOf(key))); }

  Sighting Get(std::string_view key) override {
    value_.Reset();
    const rocksdb::Status status = db_.Get(read_, db_.DefaultColumnFamily(), SliceOf(key), &value_);
    if (status.IsNotFound()) return {};
    Check(status);
    return value_reader_.Read(value_.data(), value_.size());
  }

  void MultiGet(std::span<const std::string_view> keys, Sighting* seen) override {
    if (keys.size() > kBatchMax) Die("rocksdb: a batch of more than 32 keys");
    for (std::size_t i = 0; i < keys.size(); ++i) keys_[i] = SliceOf(keys[i]);
    db_.MultiGet(read_, db_.DefaultColumnFamily(), keys.size(), keys_.data(), values_.data(), statuses_.data());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (!statuses_[i].IsNotFound()) Check(statuses_[i]);
      seen[i] = statuses_[i].ok() ? value_reader_.Read(values_[i].data(), values_[i].size()) : Sighting{};
      values_[i].Reset();
    }
  }

  ScanSum Scan(std::string_view from, std::uint64_t limit) override {
    ScanSum sum;
    const std::unique_ptr<rocksdb::Iterator> at(db_.NewIterator(read_));
    for (at->Seek(SliceOf(from)); at->Valid() && sum.keys < limit; at->Next()) {
      sum.Add(value_reader_.Read(at->value().data(), at->value().size()));
    }
    Check(at->status());
    return sum;
  }

 private:
  rocksdb::DB& db_;
  rocksdb::WriteOptions write_;
  rocksdb::ReadOptions read_;
  rocksdb::PinnableSlice value_;
  std::array<rocksdb::Slice, kBatchMax> keys_;
  std::array<rocksdb::PinnableSlice, kBatchMax> values_;
  std::array<rocksdb::Status, kBatchMax> statuses_;
};

rocksdb::BlockBasedTableOptions TableOptions() {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kCacheBytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.data_block_hash_table_util_ratio = 0.75;
  table.format_version = 5;
  return table;
}

rocksdb::Options DbOptions(const Settings& settings) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.IncreaseParallelism(2);
  options.compression = rocksdb::kNoCompression;
  options.level_compaction_dynamic_level_bytes = true;
  options.compaction_pri = rocksdb::kMinOverlappingRatio;
  options.bytes_per_sync = 1 << 20;
  options.write_buffer_size = kMemtableBytes;
  options.memtable_prefix_bloom_size_ratio = 0.02;
  options.memtable_whole_key_filtering = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(TableOptions()));
  if (!settings.compaction) {
    options.disable_auto_compactions = true;
    options.level0_slowdown_writes_trigger = kNever;
    options.level0_stop_writes_trigger = kNever;
    options.soft_pending_compaction_bytes_limit = 0;
    options.hard_pending_compaction_bytes_limit = 0;
  }
  return options;
}

class RocksDbEngine final : public Engine {
 public:
  explicit RocksDbEngine(const Settings& settings) : settings_(settings) {
    rocksdb::DB* db = nullptr;
    Check(rocksdb::DB::Open(DbOptions(settings), settings.directory.string(), &db));
    db_.reset(db);
  }

  std::string Describe() const override {
    return std::to_string(ROCKSDB_MAJOR) + "." + std::to_string(ROCKSDB_MINOR) + "." + std::to_string(ROCKSDB_PATCH) +
           ", block cache 4 GiB LRU, bloom filter of 10 bits, format 5, hash index in data blocks, whole-key filter in "
           "the memtable of 64 MiB, dynamic level bytes, IncreaseParallelism(2), no compression, pinned reads" +
           (settings_.durable ? ", sync=true" : ", sync=false") + (settings_.compaction ? "" : ", no auto compactions");
  }
  std::unique_ptr<Session> NewSession() override { return std::make_unique<RocksDbSession>(*db_, settings_.durable); }
  void Sync() override { Check(db_->FlushWAL(true)); }
  bool Compact() override {
    Check(db_->CompactRange({}, nullptr, nullptr));
    return true;
  }

 private:
  const Settings settings_;
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace

std::unique_ptr<Engine> OpenRocksDb(const Settings& settings) { return std::make_unique<RocksDbEngine>(settings); }

}  // namespace kvs::bench
