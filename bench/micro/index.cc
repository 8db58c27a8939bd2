// kvs_bench_index: the CPU time of operations through KvStore, with the records in a real log.
//
//   kvs_bench_index DIRECTORY [KEYS [ROUNDS [OPERATION...]]]
//
// DIRECTORY must be empty or new, or one of an earlier run with as many KEYS (1,000,000). In that case its pairs are
// used, and loading is not measured. Keys are 16 random hexadecimal digits, values 100 bytes. Each round (5) runs each
// of the operations for at least a million keys. The table gives the median, the least and the most of the rounds in
// nanoseconds of CPU time of the calling threads. Operations: get, get2 (two threads), multiget, absent, scan,
// fullscan, overwrite, multiset (overwrites, sixteen in one call). All of these run by default; compact runs if named.
#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/random.h"
#include "kvs/kv_store.h"

namespace kvs::bench {
namespace {

constexpr std::size_t kValueBytes = 100;
constexpr std::size_t kTogether = 16;
constexpr std::size_t kScanPairs = 100;
constexpr std::uint64_t kOperationsMin = 1'000'000;

using Key = std::array<char, 16>;

Key KeyOf(std::uint64_t number) {
  std::uint64_t random = base::Random(number).Next();
  Key key;
  for (char& digit : key) {
    digit = "0123456789abcdef"[random & 15];
    random >>= 4;
  }
  return key;
}

std::string_view View(const Key& key) { return {key.data(), key.size()}; }

double CpuNanoseconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(EXIT_FAILURE);
}

class IndexBench {
 public:
  IndexBench(const char* directory, std::uint64_t keys) : keys_(keys) {
    auto store = KvStore::Open(directory, {.sync = SyncPolicy::kNone});
    if (!store) Die(store.error().ToString());
    store_ = std::move(*store);
  }

  void Load() {
    if (store_->Stats()->keys == keys_) return;
    std::vector<std::uint64_t> order(keys_);
    for (std::uint64_t i = 0; i < keys_; ++i) order[i] = i;
    const std::string value(kValueBytes, 'v');
    const double before = CpuNanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    for (const std::uint64_t number : order) Check(store_->Set(View(KeyOf(number)), value));
    const double after = CpuNanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    std::printf("load, with the threads behind: %.0f ns\n", (after - before) / static_cast<double>(keys_));
  }

  // The operation's nanoseconds for each key.
  double Run(const std::string& operation) {
    seed_ += 1;
    if (operation == "get") return Timed([this] { return Get(seed_); });
    if (operation == "get2") return RunOnTwoThreads();
    if (operation == "multiget") return Timed([this] { return MultiGet(seed_); });
    if (operation == "absent") return Timed([this] { return Absent(seed_); });
    if (operation == "scan") return Timed([this] { return Scan(seed_); });
    if (operation == "fullscan") return Timed([this] { return FullScan(); });
    if (operation == "multiset") return Timed([this] { return MultiSet(seed_); });
    if (operation == "overwrite") return Timed([this] { return Overwrite(seed_); });
    if (operation == "compact") return Timed([this] { return Compact(); });
    Die("no operation " + operation);
  }

  void PrintMemory() const {
    const EngineStats stats = *store_->Stats();
    std::printf("index: %.2f bytes a key\n", static_cast<double>(stats.index_bytes) / static_cast<double>(stats.keys));
  }

 private:
  static void Check(const Status& status) {
    if (!status) Die(status.error().ToString());
  }

  static double Timed(const std::function<std::uint64_t()>& run) {
    const double before = CpuNanoseconds(CLOCK_THREAD_CPUTIME_ID);
    const std::uint64_t operations = run();
    return (CpuNanoseconds(CLOCK_THREAD_CPUTIME_ID) - before) / static_cast<double>(operations);
  }

  double RunOnTwoThreads() {
    std::array<double, 2> results{};
    std::thread other([&] { results[0] = Timed([this] { return Get(seed_ + 1'000); }); });
    results[1] = Timed([this] { return Get(seed_); });
    other.join();
    return (results[0] + results[1]) / 2;
  }

  // Each key depends on the value before: nothing of two gets overlaps.
  std::uint64_t Get(std::uint64_t seed) {
    base::Random random(seed);
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i < kOperationsMin; ++i) {
      const Key key = KeyOf((random.Next() + last) % keys_);
      const auto found = store_->Read(View(key), [&](std::string_view value) { last = value.size() - kValueBytes; });
      if (!found || !*found) Die("a key is not found");
    }
    return kOperationsMin;
  }

  std::uint64_t Absent(std::uint64_t seed) {
    base::Random random(seed);
    for (std::uint64_t i = 0; i < kOperationsMin; ++i) {
      const Key key = KeyOf(random.Next() | std::uint64_t{1} << 63);
      const auto found = store_->Read(View(key), [](std::string_view) {});
      if (!found || *found) Die("an absent key is found");
    }
    return kOperationsMin;
  }

  std::uint64_t MultiGet(std::uint64_t seed) {
    base::Random random(seed);
    std::uint64_t found = 0;
    for (std::uint64_t i = 0; i < kOperationsMin; i += kTogether) {
      std::array<Key, kTogether> keys;
      std::array<std::string_view, kTogether> views;
      for (std::size_t k = 0; k < kTogether; ++k) {
        keys[k] = KeyOf(random.Below(keys_));
        views[k] = View(keys[k]);
      }
      Check(store_->MultiGet(views, [&](std::size_t, std::optional<std::string_view> value) {
        found += value && value->size() == kValueBytes ? 1 : 0;
      }));
    }
    if (found != kOperationsMin) Die("a key is not found");
    return kOperationsMin;
  }

  // Counted are scans, not keys.
  std::uint64_t Scan(std::uint64_t seed) {
    base::Random random(seed);
    constexpr std::uint64_t kScans = kOperationsMin / kScanPairs * 5;
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < kScans; ++i) {
      ScanRange range;
      range.from = View(KeyOf(random.Below(keys_)));
      range.limit = kScanPairs;
      Check(store_->Scan(range, [&](std::string_view, std::string_view value) {
        bytes += value.size();
        return true;
      }));
    }
    if (bytes < kScans * kScanPairs * kValueBytes / 2) Die("a scan is too short");
    return kScans;
  }

  std::uint64_t FullScan() {
    std::uint64_t visited = 0;
    Check(store_->Scan({}, [&](std::string_view, std::string_view) {
      ++visited;
      return true;
    }));
    if (visited != keys_) Die("the full scan is not full");
    return visited;
  }

  std::uint64_t Overwrite(std::uint64_t seed) {
    base::Random random(seed);
    const std::string value(kValueBytes, 'w');
    for (std::uint64_t i = 0; i < kOperationsMin; ++i) Check(store_->Set(View(KeyOf(random.Below(keys_))), value));
    return kOperationsMin;
  }

  std::uint64_t MultiSet(std::uint64_t seed) {
    base::Random random(seed);
    const std::string value(kValueBytes, 'm');
    for (std::uint64_t i = 0; i < kOperationsMin; i += kTogether) {
      std::array<Key, kTogether> keys;
      std::array<KeyValue, kTogether> pairs;
      for (std::size_t k = 0; k < kTogether; ++k) {
        keys[k] = KeyOf(random.Below(keys_));
        pairs[k] = {View(keys[k]), value};
      }
      std::size_t set = 0;
      Check(store_->MultiSet(pairs, set));
    }
    return kOperationsMin;
  }

  // The log is in the order of the keys from then on.
  std::uint64_t Compact() {
    Check(store_->Compact());
    return keys_;
  }

  const std::uint64_t keys_;
  std::uint64_t seed_ = 0;
  std::shared_ptr<KvStore> store_;
};

std::uint64_t NumberOr(const char* text, std::uint64_t otherwise) {
  const std::string_view view = text == nullptr ? "" : text;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), number);
  return error == std::errc() && end == view.data() + view.size() ? number : otherwise;
}

int Main(std::span<char*> arguments) {
  if (arguments.size() < 2) Die("usage: kvs_bench_index DIRECTORY [KEYS [ROUNDS [OPERATION...]]]");
  IndexBench bench(arguments[1], NumberOr(arguments.size() > 2 ? arguments[2] : nullptr, 1'000'000));
  const std::uint64_t rounds = NumberOr(arguments.size() > 3 ? arguments[3] : nullptr, 5);
  std::vector<std::string> operations{"get", "get2", "multiget", "absent", "scan", "fullscan", "overwrite", "multiset"};
  if (arguments.size() > 4) operations.assign(arguments.begin() + 4, arguments.end());
  bench.Load();
  bench.PrintMemory();
  std::map<std::string, std::vector<double>> results;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (const std::string& operation : operations) results[operation].push_back(bench.Run(operation));
  }
  std::printf("%-10s %10s %10s %10s\n", "ns of CPU", "median", "least", "most");
  for (const std::string& operation : operations) {
    std::vector<double>& each = results[operation];
    std::sort(each.begin(), each.end());
    std::printf("%-10s %10.0f %10.0f %10.0f\n", operation.c_str(), each[each.size() / 2], each.front(), each.back());
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace kvs::bench

int main(int count, char** arguments) { return kvs::bench::Main({arguments, static_cast<std::size_t>(count)}); }
