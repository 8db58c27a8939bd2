// Promised by engine.h: a value is read as it was set, byte for byte, whatever its bytes are. A removal tells if the
// key existed. Limits are exact, and a refused write leaves no trace. The tests check this for each engine, the named
// cases of the specification first.
#include <sys/mman.h>

#include <string>
#include <vector>

#include "contract/engine_test.h"

namespace kvs::test {
namespace {

class BasicsTest : public EngineTest {};
KVS_FOR_EACH_ENGINE(BasicsTest);

TEST_P(BasicsTest, GetStoredValue) {
  ASSERT_EQ(CodeOf(engine_->Set("key1", "value1")), "ok");
  ASSERT_EQ(CodeOf(engine_->Set("key2", "value2")), "ok");
  EXPECT_EQ(Get("key1"), "value1");
  EXPECT_EQ(Get("key2"), "value2");
  Reopen();
  EXPECT_EQ(Get("key1"), "value1");
  EXPECT_EQ(Get("key2"), "value2");
}

TEST_P(BasicsTest, OverwriteValue) {
  ASSERT_EQ(CodeOf(engine_->Set("key1", "value1")), "ok");
  EXPECT_EQ(Get("key1"), "value1");
  ASSERT_EQ(CodeOf(engine_->Set("key1", "value2")), "ok");
  EXPECT_EQ(Get("key1"), "value2");
  Reopen();
  EXPECT_EQ(Get("key1"), "value2");
  ASSERT_EQ(CodeOf(engine_->Set("key1", "value3")), "ok");
  EXPECT_EQ(Get("key1"), "value3");
}

TEST_P(BasicsTest, GetNonExistentValue) {
  ASSERT_EQ(CodeOf(engine_->Set("key1", "value1")), "ok");
  EXPECT_EQ(Get("key2"), "(absent)");
  Reopen();
  EXPECT_EQ(Get("key2"), "(absent)");
}

TEST_P(BasicsTest, RemoveNonExistentKey) {
  EXPECT_EQ(CodeOf(engine_->Remove("key1")), "key not found");
  EXPECT_EQ(Get("key1"), "(absent)");
}

TEST_P(BasicsTest, RemoveKey) {
  ASSERT_EQ(CodeOf(engine_->Set("key1", "value1")), "ok");
  EXPECT_EQ(CodeOf(engine_->Remove("key1")), "ok");
  EXPECT_EQ(Get("key1"), "(absent)");
  EXPECT_EQ(CodeOf(engine_->Remove("key1")), "key not found");
  Reopen();
  EXPECT_EQ(Get("key1"), "(absent)");
}

TEST_P(BasicsTest, ItsNameIsTheOneItWasOpenedWith) { EXPECT_EQ(engine_->Name(), GetParam()); }

TEST_P(BasicsTest, ReadHandsOutTheStoredBytesOnce) {
  ASSERT_EQ(CodeOf(engine_->Set("key", "value")), "ok");
  int calls = 0;
  const Result<bool> found = engine_->Read("key", [&calls](std::string_view value) {
    ++calls;
    EXPECT_EQ(value, "value");
  });
  EXPECT_TRUE(found && *found);
  EXPECT_EQ(calls, 1);
}

TEST_P(BasicsTest, ReadOfAnAbsentKeyDoesNotCallTheVisitor) {
  const Result<bool> found = engine_->Read("key", [](std::string_view) { ADD_FAILURE() << "visited"; });
  ASSERT_EQ(CodeOf(found), "ok");
  EXPECT_FALSE(*found);
}

TEST_P(BasicsTest, AVisitorMayReadFromTheEngine) {
  ASSERT_EQ(CodeOf(engine_->Set("key", "other")), "ok");
  ASSERT_EQ(CodeOf(engine_->Set("other", "value")), "ok");
  std::string value;
  ASSERT_EQ(CodeOf(engine_->Read("key", [&](std::string_view key) { value = Get(key); })), "ok");
  EXPECT_EQ(value, "value");
}

TEST_P(BasicsTest, KeysAndValuesMayContainAnyByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string key(1, static_cast<char>(byte));
    const std::string longer = key + std::string(1, '\0');
    const std::string value = longer + key;
    ASSERT_EQ(CodeOf(engine_->Set(key, value)), "ok");
    ASSERT_EQ(CodeOf(engine_->Set(longer, "longer by a zero")), "ok");
    ASSERT_EQ(Get(key), value) << byte;
  }
  Reopen();
  for (int byte = 0; byte < 256; ++byte) {
    const std::string key(1, static_cast<char>(byte));
    const std::string longer = key + std::string(1, '\0');
    const std::string value = longer + key;
    ASSERT_EQ(Get(key), value) << byte;
    ASSERT_EQ(Get(longer), "longer by a zero") << byte;
  }
}

TEST_P(BasicsTest, TheEmptyKeyIsAKeyAndTheEmptyValueAValue) {
  EXPECT_EQ(Get(""), "(absent)");
  ASSERT_EQ(CodeOf(engine_->Set("", "of the empty key")), "ok");
  ASSERT_EQ(CodeOf(engine_->Set("empty", "")), "ok");
  Reopen();
  EXPECT_EQ(Get(""), "of the empty key");
  EXPECT_EQ(Get("empty"), "");
  EXPECT_EQ(CodeOf(engine_->Remove("")), "ok");
  EXPECT_EQ(CodeOf(engine_->Remove("empty")), "ok");
  EXPECT_EQ(Get(""), "(absent)");
  EXPECT_EQ(Get("empty"), "(absent)");
}

TEST_P(BasicsTest, TheLongestKeysAreKeptApart) {
  const std::string one = std::string(kKeyBytesMax - 1, 'k') + "1";
  const std::string two = std::string(kKeyBytesMax - 1, 'k') + "2";
  ASSERT_EQ(CodeOf(engine_->Set(one, "one")), "ok");
  ASSERT_EQ(CodeOf(engine_->Set(two, "two")), "ok");
  EXPECT_EQ(Get(one), "one");
  EXPECT_EQ(Get(two), "two");
  EXPECT_EQ(Get(std::string(kKeyBytesMax, 'k')), "(absent)");
}

TEST_P(BasicsTest, ALargeValueComesBackWhole) {
  std::string value(std::size_t{8} << 20, '\0');
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 2'654'435'761u >> 24);
  ASSERT_EQ(CodeOf(engine_->Set("large", value)), "ok");
  EXPECT_TRUE(Get("large") == value);
  Reopen();
  EXPECT_TRUE(Get("large") == value);
}

TEST_P(BasicsTest, AKeyOverTheLimitIsRefusedByEveryWrite) {
  const std::string key(kKeyBytesMax + 1, 'k');
  EXPECT_EQ(CodeOf(engine_->Set(key, "value")), "invalid argument");
  EXPECT_EQ(CodeOf(engine_->Update(key, [](auto) { return UpdateDecision(std::string("value")); })),
            "invalid argument");
  WriteBatch batch;
  batch.Set("small", "value");
  batch.Set(key, "value");
  EXPECT_EQ(CodeOf(engine_->Write(batch)), "invalid argument");
  EXPECT_EQ(Get("small"), "(absent)");
}

// The value is address space that nobody touches: the refusal must come before a byte of it is read.
TEST_P(BasicsTest, AValueOverTheLimitIsRefusedUnread) {
  const std::size_t bytes = kValueBytesMax + 1;
  void* const space = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(space, MAP_FAILED);
  EXPECT_EQ(CodeOf(engine_->Set("key", {static_cast<const char*>(space), bytes})), "invalid argument");
  EXPECT_EQ(Get("key"), "(absent)");
  ::munmap(space, bytes);
}

TEST_P(BasicsTest, ManyPairsAreSetInTheirOrder) {
  std::vector<std::string> keys;
  for (int i = 0; i < 1'000; ++i) keys.push_back("key" + std::to_string(i % 700));
  std::vector<KeyValue> pairs;
  for (const std::string& key : keys) pairs.push_back({key, pairs.size() < 700 ? "first" : "second"});
  std::size_t set = 0;
  ASSERT_EQ(CodeOf(engine_->MultiSet(pairs, set)), "ok");
  EXPECT_EQ(set, pairs.size());
  Reopen();
  EXPECT_EQ(Get("key0"), "second");
  EXPECT_EQ(Get("key299"), "second");
  EXPECT_EQ(Get("key300"), "first");
  EXPECT_EQ(Get("key699"), "first");
  EXPECT_EQ(CodeOf(engine_->MultiSet({}, set)), "ok");
  EXPECT_EQ(set, 0U);
}

TEST_P(BasicsTest, PairsBeforeABadOneAreSet) {
  const std::string too_long(kKeyBytesMax + 1, 'k');
  std::vector<KeyValue> pairs;
  std::vector<std::string> keys;
  for (int i = 0; i < 200; ++i) keys.push_back("key" + std::to_string(i));
  for (const std::string& key : keys) pairs.push_back({key, "value"});
  for (const std::size_t bad : {std::size_t{0}, std::size_t{100}, std::size_t{199}}) {
    std::vector<KeyValue> with_bad = pairs;
    with_bad[bad].key = too_long;
    std::size_t set = 0;
    EXPECT_EQ(CodeOf(engine_->MultiSet(with_bad, set)), "invalid argument");
    EXPECT_EQ(set, bad);
    EXPECT_EQ(Get(keys[bad]), "(absent)");
    if (bad > 0) {
      EXPECT_EQ(Get(keys[bad - 1]), "value");
    }
  }
}

TEST_P(BasicsTest, StatsCountKeysAndDiskBytes) {
  for (int i = 0; i < 100; ++i) ASSERT_EQ(CodeOf(engine_->Set("key" + std::to_string(i), "value")), "ok");
  ASSERT_EQ(CodeOf(engine_->Remove("key0")), "ok");
  const Result<EngineStats> stats = engine_->Stats();
  ASSERT_EQ(CodeOf(stats), "ok");
  EXPECT_EQ(stats->keys, 99u);
  EXPECT_GT(stats->disk_bytes, 0u);
}

TEST_P(BasicsTest, CompactionChangesNoValueIfTheEngineOffersIt) {
  for (int i = 0; i < 500; ++i)
    ASSERT_EQ(CodeOf(engine_->Set("key" + std::to_string(i % 50), std::to_string(i))), "ok");
  const std::string outcome = CodeOf(engine_->Compact());
  EXPECT_EQ(outcome, GetParam() == "sled" ? "unsupported" : "ok");
  for (int i = 450; i < 500; ++i) EXPECT_EQ(Get("key" + std::to_string(i % 50)), std::to_string(i));
}

}  // namespace
}  // namespace kvs::test
