// Random operations on a store and on a std::map, which must agree after each of them. Reopening, compaction and syncs
// are mixed in, because lost and revived pairs show only after them. KVS_TEST_SEED replays a run; the failing step is
// printed.
//
// Promised beyond agreement: a removed key never comes back, not after compaction and reopening. The disk use stays
// within live bytes / (1 - garbage_ratio_max) plus two segments, whatever is removed or overwritten.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "kvs/kv_store.h"
#include "support/temporary_directory.h"
#include "support/test_seed.h"

namespace kvs {
namespace {

constexpr std::uint64_t kSegmentBytes = std::uint64_t{1} << 20;

enum class KeyShape { kFew, kManyShort, kLongSharedPrefix, kAnyBytes };

class StoreModelTest : public testing::Test {
 protected:
  void Open() {
    store_.reset();
    auto opened = KvStore::Open(directory_.path(), options_);
    ASSERT_TRUE(opened) << opened.error().ToString();
    store_ = *opened;
  }

  std::uint64_t DiskBytes() const {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      struct stat status {};
      if (entry.path().stem() == "RESERVE") continue;  // Beside the bound.
      if (::stat(entry.path().c_str(), &status) == 0) bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
    return bytes;
  }

  void ExpectDiskUseWithinItsBound() {
    const std::uint64_t live_bytes = store_->Stats()->live_bytes;
    const double needed = static_cast<double>(live_bytes) / (1 - options_.garbage_ratio_max);
    ASSERT_LE(DiskBytes(), static_cast<std::uint64_t>(needed) + 2 * kSegmentBytes) << "live " << live_bytes;
  }

  std::string KeyOf(KeyShape shape, base::Random* random) const {
    switch (shape) {
      case KeyShape::kFew: return "key" + std::to_string(random->Below(20));
      case KeyShape::kManyShort: return std::to_string(random->Below(5'000));
      case KeyShape::kLongSharedPrefix: return std::string(300, 'p') + std::to_string(random->Below(500));
      case KeyShape::kAnyBytes: break;
    }
    std::string key(random->Below(4), '\0');
    // Few different bytes, including both ends of the order, so that keys meet again.
    for (char& byte : key) byte = "\0\x01\x7f\x80\xff"[random->Below(5)];
    return key;
  }

  // Mostly small ones; now and then one of a tenth of a segment, so that segments fill, and the empty one.
  std::string ValueOf(base::Random* random) const {
    const std::size_t bytes = random->OneIn(20) ? random->Below(kSegmentBytes / 10) : random->Below(300);
    return std::string(bytes, static_cast<char>('a' + random->Below(26)));
  }

  test::TemporaryDirectory directory_;
  KvStoreOptions options_{.sync = SyncPolicy::kNone, .segment_bytes = kSegmentBytes};
  std::shared_ptr<KvStore> store_;
};

// Does the same to a store and to a map, and compares the answers.
class Agreement {
 public:
  using Model = std::map<std::string, std::string, std::less<>>;

  Agreement(KvStore& store, Model& model) : store_(store), model_(model) {}

  void Set(const std::string& key, const std::string& value) {
    ASSERT_TRUE(store_.Set(key, value));
    model_[key] = value;
  }

  void Remove(const std::string& key) {
    const Status status = store_.Remove(key);
    ASSERT_EQ(status.has_value(), model_.erase(key) == 1);
    ASSERT_TRUE(status || status.error().code == ErrorCode::kKeyNotFound) << status.error().ToString();
  }

  void Get(const std::string& key) const {
    const auto value = store_.Get(key);
    ASSERT_TRUE(value) << value.error().ToString();
    const auto at = model_.find(key);
    ASSERT_EQ(value->has_value(), at != model_.end());
    ASSERT_TRUE(!*value || **value == at->second) << (*value)->substr(0, 60);
  }

  void MultiGet(const std::vector<std::string>& keys) const {
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    std::vector<int> visits(keys.size());
    ASSERT_TRUE(store_.MultiGet(views, [&](std::size_t i, std::optional<std::string_view> value) {
      ++visits[i];
      const auto at = model_.find(keys[i]);
      ASSERT_EQ(value.has_value(), at != model_.end());
      ASSERT_TRUE(!value || *value == at->second) << value->substr(0, 60);
    }));
    ASSERT_EQ(visits, std::vector<int>(keys.size(), 1));
  }

  // Removes if the first byte of the value is odd, keeps if it is divisible by four, else sets.
  void Update(const std::string& key, const std::string& value) {
    const auto decide = [&](std::optional<std::string_view> current) {
      const int what = current && !current->empty() ? current->front() : 2;
      if (what % 2 == 1) return UpdateDecision::Remove();
      return what % 4 == 0 ? UpdateDecision::Keep() : UpdateDecision::Set(value);
    };
    ASSERT_TRUE(store_.Update(key, decide));
    const auto at = model_.find(key);
    const auto decision = decide(at == model_.end() ? std::nullopt : std::optional<std::string_view>(at->second));
    if (decision.keeps()) return;
    if (decision.removes()) {
      model_.erase(key);
    } else {
      model_[key] = value;
    }
  }

  void Write(const WriteBatch& batch) {
    ASSERT_TRUE(store_.Write(batch));
    for (const WriteBatch::Operation& operation : batch.operations()) {
      if (operation.value) {
        model_[operation.key] = *operation.value;
      } else {
        model_.erase(operation.key);
      }
    }
  }

  void Scan(const ScanRange& range) const {
    std::vector<std::pair<std::string, std::string>> expected;
    for (const auto& pair : model_) {
      const bool is_in_range = pair.first >= range.from && (!range.to || pair.first < *range.to);
      if (is_in_range && pair.first.starts_with(range.prefix)) expected.emplace_back(pair);
    }
    if (range.reverse) std::reverse(expected.begin(), expected.end());
    expected.resize(std::min(expected.size(), range.limit));
    std::vector<std::pair<std::string, std::string>> found;
    ASSERT_TRUE(store_.Scan(range, [&](std::string_view key, std::string_view value) {
      found.emplace_back(key, value);
      return true;
    }));
    ASSERT_TRUE(found == expected) << found.size() << " pairs, expected " << expected.size();
  }

 private:
  KvStore& store_;
  Model& model_;
};

class RandomOperations : public StoreModelTest, public testing::WithParamInterface<KeyShape> {};

TEST_P(RandomOperations, AgreeWithAMap) {
  constexpr int kSteps = 12'000;
  const KeyShape shape = GetParam();
  const std::uint64_t seed = test::TestSeed(20'261'121);
  SCOPED_TRACE(test::SeedTrace(seed));
  base::Random random(seed);
  Agreement::Model model;
  Open();
  for (int step = 0; step < kSteps && !HasFatalFailure(); ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    Agreement both(*store_, model);
    const std::string key = KeyOf(shape, &random);
    const std::uint64_t what = random.Below(10'000);
    if (what < 3'500) {  // Writes make segments, garbage and compaction.
      both.Set(key, ValueOf(&random));
    } else if (what < 6'000) {  // Nearly as many removals, so that keys often come and go.
      both.Remove(key);
    } else if (what < 7'200) {
      both.Get(key);
    } else if (what < 7'500) {
      std::vector<std::string> keys;
      for (std::uint64_t i = random.Below(50); i > 0; --i) keys.push_back(KeyOf(shape, &random));
      both.MultiGet(keys);
    } else if (what < 8'500) {
      both.Update(key, ValueOf(&random));
    } else if (what < 9'400) {
      WriteBatch batch;
      for (std::uint64_t i = random.Below(12); i > 0; --i) {
        const std::string of_batch = KeyOf(shape, &random);
        random.OneIn(3) ? batch.Remove(of_batch) : batch.Set(of_batch, ValueOf(&random));
      }
      both.Write(batch);
    } else if (what < 9'960) {  // A scan reads much.
      ScanRange range{.reverse = random.OneIn(2)};
      if (random.OneIn(2)) range.from = KeyOf(shape, &random);
      if (random.OneIn(2)) range.to = KeyOf(shape, &random);
      if (random.OneIn(2)) range.prefix = key.substr(0, random.Below(4));
      if (random.OneIn(2)) range.limit = random.Below(30);
      both.Scan(range);
    } else if (what < 9'972) {  // These three wait for the disk; a few dozen of them in a run are enough.
      ASSERT_TRUE(store_->Compact());
    } else if (what < 9'980) {
      ASSERT_TRUE(store_->Sync());
    } else {
      Open();
    }
  }
  Open();
  Agreement(*store_, model).Scan({});
  EXPECT_EQ(store_->Stats()->keys, model.size());
}

INSTANTIATE_TEST_SUITE_P(Shapes, RandomOperations,
                         testing::Values(KeyShape::kFew, KeyShape::kManyShort, KeyShape::kLongSharedPrefix,
                                         KeyShape::kAnyBytes));

// Each round removes most of the pairs. That makes segments of tombstones, which guard dead records in older segments
// and may be dropped only after those. Compaction runs by itself and on demand, and each round ends with reopening.
TEST_F(StoreModelTest, RemovedKeysNeverComeBack) {
  constexpr int kRounds = 12;
  constexpr std::uint64_t kKeys = 3'000;
  const std::uint64_t seed = test::TestSeed(20'261'121);
  SCOPED_TRACE(test::SeedTrace(seed));
  base::Random random(seed);
  std::vector<bool> is_there(kKeys);
  const auto key_of = [](std::uint64_t number) { return std::string(50, 'k') + std::to_string(number); };
  for (int round = 0; round < kRounds; ++round) {
    Open();
    for (std::uint64_t number = 0; number < kKeys; ++number) {
      const auto value = store_->Get(key_of(number));
      ASSERT_TRUE(value) << value.error().ToString();
      ASSERT_EQ(value->has_value(), is_there[number]) << "round " << round << " key " << number;
    }
    for (std::uint64_t i = 0; i < 4 * kKeys; ++i) {
      const std::uint64_t number = random.Below(kKeys);
      if (random.OneIn(3)) {
        ASSERT_TRUE(store_->Set(key_of(number), std::string(random.Below(1'500), 'v')));
        is_there[number] = true;
      } else {
        ASSERT_EQ(store_->Remove(key_of(number)).has_value(), is_there[number]);
        is_there[number] = false;
      }
      if (random.OneIn(2 * kKeys)) {
        ASSERT_TRUE(store_->Compact());
      }
    }
    ExpectDiskUseWithinItsBound();
  }
}

TEST_F(StoreModelTest, WhenAllIsRemovedTheDiskUseGoesDownByItself) {
  constexpr int kKeys = 8'000;
  Open();
  for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(store_->Set("key" + std::to_string(i), std::string(2'000, 'v')));
  for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(store_->Remove("key" + std::to_string(i)));
  ExpectDiskUseWithinItsBound();
  ASSERT_TRUE(store_->Compact());
  EXPECT_LT(DiskBytes(), 2 * kSegmentBytes);
  Open();
  EXPECT_EQ(store_->Stats()->keys, 0U);
  EXPECT_LT(DiskBytes(), 2 * kSegmentBytes);
}

// A queue: each key is new, lives for a while and goes, for much longer than the store has room. Tombstones that were
// kept forever would fill the disk.
TEST_F(StoreModelTest, KeysThatComeAndGoForLongLeaveNothing) {
  constexpr int kKeys = 120'000;
  constexpr int kWindow = 500;
  Open();
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_TRUE(store_->Set("a longer key, so that tombstones weigh something, number " + std::to_string(i),
                            std::string(200, 'v')));
    if (i >= kWindow) {
      ASSERT_TRUE(
          store_->Remove("a longer key, so that tombstones weigh something, number " + std::to_string(i - kWindow)));
    }
    if (i % 2'000 == 0) ExpectDiskUseWithinItsBound();
    if (i % 30'000 == 0) Open();
  }
  EXPECT_EQ(store_->Stats()->keys, static_cast<std::uint64_t>(kWindow));
}

// Values of a fifth of a segment over a few keys: segments fill faster than they are sealed.
TEST_F(StoreModelTest, OverwritingLargeValuesStaysWithinTheBound) {
  Open();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(store_->Set("key" + std::to_string(i % 7), std::string(kSegmentBytes / 5, 'v')));
    if (i % 5 == 0) ExpectDiskUseWithinItsBound();
  }
}

}  // namespace
}  // namespace kvs
