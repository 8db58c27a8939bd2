// LMDB. Its manual: MDB_NOSYNC with MDB_WRITEMAP for speed if a crash of the system may cost the data, a read
// transaction for each thread that is reset and renewed, and batches for loading. MDB_NORDAHEAD is only for data that
// is larger than the memory, which it is not here.
#include <lmdb.h>

#include <algorithm>

#include "engine.h"

namespace kvs::bench {
namespace {

constexpr std::size_t kPairsPerLoad = 1'000;
constexpr std::size_t kMapBytesMin = std::size_t{8} << 30;
constexpr unsigned kReadersMax = 126;

void Check(int code) {
  if (code != MDB_SUCCESS) Die(std::string("lmdb: ") + mdb_strerror(code));
}

MDB_val ValOf(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

class LmdbSession final : public Session {
 public:
  LmdbSession(MDB_env* env, MDB_dbi dbi) : env_(env), dbi_(dbi) {
    Check(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reader_));
    Check(mdb_cursor_open(reader_, dbi_, &cursor_));
    mdb_txn_reset(reader_);
  }
  ~LmdbSession() override {
    mdb_cursor_close(cursor_);
    mdb_txn_abort(reader_);
  }
  LmdbSession(const LmdbSession&) = delete;
  LmdbSession& operator=(const LmdbSession&) = delete;

  void Set(std::string_view key, std::string_view value) override {
    const Pair pair{key, value};
    PutAll({&pair, 1});
  }

  void Remove(std::string_view key) override {
    MDB_txn* writer = nullptr;
    Check(mdb_txn_begin(env_, nullptr, 0, &writer));
    MDB_val key_val = ValOf(key);
    Check(mdb_del(writer, dbi_, &key_val, nullptr));
    Check(mdb_txn_commit(writer));
  }

  Sighting Get(std::string_view key) override {
    Check(mdb_txn_renew(reader_));
    const Sighting seen = GetWithin(key);
    mdb_txn_reset(reader_);
    return seen;
  }

  // LMDB has no call for many keys; one transaction for all of them is what it can save.
  void MultiGet(std::span<const std::string_view> keys, Sighting* seen) override {
    Check(mdb_txn_renew(reader_));
    for (const std::string_view key : keys) *seen++ = GetWithin(key);
    mdb_txn_reset(reader_);
  }

  std::size_t load_batch() const override { return kPairsPerLoad; }
  void Load(std::span<const Pair> pairs) override { PutAll(pairs); }

  ScanSum Scan(std::string_view from, std::uint64_t limit) override {
    ScanSum sum;
    Check(mdb_txn_renew(reader_));
    Check(mdb_cursor_renew(reader_, cursor_));
    MDB_val key = ValOf(from);
    MDB_val value{};
    int code = mdb_cursor_get(cursor_, &key, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (code == MDB_SUCCESS && sum.keys < limit) {
      sum.Add(value_reader_.Read(value.mv_data, value.mv_size));
      code = mdb_cursor_get(cursor_, &key, &value, MDB_NEXT);
    }
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND) Check(code);
    mdb_txn_reset(reader_);
    return sum;
  }

 private:
  Sighting GetWithin(std::string_view key) {
    MDB_val key_val = ValOf(key);
    MDB_val value{};
    const int code = mdb_get(reader_, dbi_, &key_val, &value);
    if (code == MDB_NOTFOUND) return {};
    Check(code);
    return value_reader_.Read(value.mv_data, value.mv_size);
  }

  void PutAll(std::span<const Pair> pairs) {
    MDB_txn* writer = nullptr;
    Check(mdb_txn_begin(env_, nullptr, 0, &writer));
    for (const Pair& pair : pairs) {
      MDB_val key = ValOf(pair.key);
      MDB_val value = ValOf(pair.value);
      Check(mdb_put(writer, dbi_, &key, &value, 0));
    }
    Check(mdb_txn_commit(writer));
  }

  MDB_env* const env_;
  const MDB_dbi dbi_;
  MDB_txn* reader_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
};

class LmdbEngine final : public Engine {
 public:
  explicit LmdbEngine(const Settings& settings) : durable_(settings.durable) {
    const std::size_t user_bytes = settings.keys * (settings.value_bytes + 16);
    map_bytes_ = std::max(kMapBytesMin, user_bytes * 4);
    Check(mdb_env_create(&env_));
    Check(mdb_env_set_mapsize(env_, map_bytes_));
    Check(mdb_env_set_maxreaders(env_, kReadersMax));
    const unsigned flags = durable_ ? MDB_NOTLS : MDB_NOTLS | MDB_NOSYNC | MDB_WRITEMAP;
    Check(mdb_env_open(env_, settings.directory.c_str(), flags, 0644));
    MDB_txn* writer = nullptr;
    Check(mdb_txn_begin(env_, nullptr, 0, &writer));
    Check(mdb_dbi_open(writer, nullptr, 0, &dbi_));
    Check(mdb_txn_commit(writer));
  }
  ~LmdbEngine() override { mdb_env_close(env_); }
  LmdbEngine(const LmdbEngine&) = delete;
  LmdbEngine& operator=(const LmdbEngine&) = delete;

  std::string Describe() const override {
    return std::string(MDB_VERSION_STRING) +
           (durable_ ? ", every transaction synced" : ", NOSYNC|WRITEMAP (an OS crash may destroy the file)") +
           ", map " + std::to_string(map_bytes_ >> 30) +
           " GiB, load in transactions of 1,000, all else one transaction a set";
  }
  std::unique_ptr<Session> NewSession() override { return std::make_unique<LmdbSession>(env_, dbi_); }
  void Sync() override { Check(mdb_env_sync(env_, 1)); }
  bool Compact() override { return false; }

 private:
  const bool durable_;
  std::size_t map_bytes_ = 0;
  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
};

}  // namespace

std::unique_ptr<Engine> OpenLmdb(const Settings& settings) { return std::make_unique<LmdbEngine>(settings); }

}  // namespace kvs::bench
