// kvs_compaction: the costs and gains of compaction. It measures the bytes written and the space taken while every key
// is overwritten, the latencies of gets and sets during that, and scans before and after a clustering compaction.
//
//   kvs_compaction DIRECTORY [KEYS [GARBAGE_RATIO_MAX [SEGMENT_MIB]]]
//
// DIRECTORY must be empty or new. Sets KEYS keys (1,000,000) of 16 bytes with values of 100 bytes in random order,
// scans, compacts and scans. Then it overwrites random keys 3 * KEYS times while one thread gets, compacts and scans.
// CPU time is that of the whole process.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "disk_watch.h"
#include "kvs/kv_store.h"

namespace kvs::soak {
namespace {

constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kValueBytes = 100;
constexpr int kScans = 20'000;
constexpr std::size_t kScanned = 100;
constexpr int kOverwrites = 3;  // Of each key, in the mean.

using Clock = std::chrono::steady_clock;

double CpuSeconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Latencies in steps of an eighth of a power of two.
class Latencies {
 public:
  void Add(Clock::duration latency) {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 8));
    const int power = 63 - __builtin_clzll(ns);
    ++counts_[static_cast<std::size_t>(power * 8) + ((ns >> (power - 3)) & 7)];
    ++total_;
  }

  double Microseconds(double quantile) const {
    std::uint64_t left = static_cast<std::uint64_t>(static_cast<double>(total_) * quantile);
    for (std::size_t step = 0; step < counts_.size(); ++step) {
      if (counts_[step] > left) return static_cast<double>((8 + step % 8) << (step / 8 - 3)) * 1e-3;
      left -= counts_[step];
    }
    return 0;
  }

  void Print(const char* name) const {
    std::printf("%-22s p50 %.2f, p99 %.2f, p99.9 %.2f, p99.99 %.1f, most %.0f us (%llu)\n", name, Microseconds(0.5),
                Microseconds(0.99), Microseconds(0.999), Microseconds(0.9999), Microseconds(0.9999999),
                static_cast<unsigned long long>(total_));
  }

 private:
  std::array<std::uint64_t, 64 * 8> counts_{};
  std::uint64_t total_ = 0;
};

std::string KeyOf(std::uint64_t number) {
  char key[kKeyBytes + 1];
  std::snprintf(key, sizeof key, "%016llx",
                static_cast<unsigned long long>(base::Hash64({reinterpret_cast<const char*>(&number), 8})));
  return {key, kKeyBytes};
}

class Measurement {
 public:
  Measurement(const std::filesystem::path& directory, std::uint64_t keys, const KvStoreOptions& options)
      : directory_(directory), keys_(keys), options_(options) {}

  Status Run() {
    auto opened = KvStore::Open(directory_, options_);
    if (!opened) return opened.error();
    store_ = *std::move(opened);
    if (Status status = Load(); !status) return status;
    Scan("fresh log");
    if (Status status = Compact(); !status) return status;
    Scan("clustered");
    if (Status status = Compact(); !status) return status;
    ReadFor(std::chrono::seconds(3));
    if (Status status = Overwrite(); !status) return status;
    Scan("overwritten");
    if (Status status = Compact(); !status) return status;
    Scan("clustered again");
    return Ok();
  }

 private:
  static constexpr double kMega = 1e6;
  std::uint64_t UserBytes() const { return keys_ * (kKeyBytes + kValueBytes); }

  // Half of it alone, the other half with a reader: full write load, and nothing to compact.
  Status Load() {
    const double cpu = CpuSeconds();
    if (Status status = SetFrom(0, keys_ / 2); !status) return status;
    std::printf("load                   %.3f us of CPU a set\n",
                (CpuSeconds() - cpu) / static_cast<double>(keys_ - keys_ / 2) * 1e6);
    std::atomic<bool> is_done{false};
    Latencies gets;
    std::thread reader([&] { Read(&gets, is_done); });
    const Status status = SetFrom(keys_ / 2, keys_);
    is_done.store(true, std::memory_order_relaxed);
    reader.join();
    gets.Print("gets while loading");
    return status;
  }

  Status SetFrom(std::uint64_t begin, std::uint64_t end) {
    const std::string value(kValueBytes, 'v');
    for (std::uint64_t number = begin; number < end; ++number) {
      if (Status status = store_->Set(KeyOf(number), value); !status) return status;
    }
    return Ok();
  }

  void Scan(const char* state) {
    base::Random random(1);
    double cpu = CpuSeconds();
    std::uint64_t bytes = 0;
    for (int i = 0; i < kScans; ++i) {
      const ScanRange range{.from = KeyOf(random.Below(keys_)), .limit = kScanned};
      static_cast<void>(store_
                            ->Scan(range,
                                   [&](std::string_view, std::string_view value) {
                                     bytes += static_cast<unsigned char>(value[0]);
                                     return true;
                                   })
                            .has_value());
    }
    const double short_us = (CpuSeconds() - cpu) / kScans * 1e6;
    cpu = CpuSeconds();
    std::uint64_t seen = 0;
    static_cast<void>(store_
                          ->Scan({},
                                 [&](std::string_view, std::string_view value) {
                                   bytes += static_cast<unsigned char>(value[0]);
                                   ++seen;
                                   return true;
                                 })
                          .has_value());
    const double full_ns = (CpuSeconds() - cpu) / static_cast<double>(keys_) * 1e9;
    std::printf("%-22s scan of 100: %.2f us of CPU; full scan %.1f ns a key, %s\n", state, short_us, full_ns,
                seen == keys_ && bytes > 0 ? "all keys" : "NOT ALL KEYS");
    std::fflush(stdout);
  }

  Status Compact() {
    const auto begin = Clock::now();
    const double cpu = CpuSeconds();
    const auto before = store_->Stats();
    DiskWatch watch(*store_, directory_, options_);
    if (Status status = store_->Compact(); !status) return status;
    const DiskWatch::Figures disk = watch.Stop();
    const auto after = store_->Stats();
    std::printf("compact                %.2f s of CPU, %.2f s; wrote %.2f of the user's bytes, took %.3f at most; %s\n",
                CpuSeconds() - cpu, std::chrono::duration<double>(Clock::now() - begin).count(),
                OfUser(after->written_bytes - before->written_bytes), OfUser(disk.largest.disk_bytes),
                disk.violations == 0 ? "within the bound" : "OVER THE BOUND");
    return Ok();
  }

  double OfUser(std::uint64_t bytes) const { return static_cast<double>(bytes) / static_cast<double>(UserBytes()); }

  void Read(Latencies* latencies, const std::atomic<bool>& is_done) {
    base::Random random(7);
    while (!is_done.load(std::memory_order_relaxed)) {
      const std::string key = KeyOf(random.Below(keys_));
      const auto begin = Clock::now();
      static_cast<void>(store_->Read(key, [](std::string_view) {}).has_value());
      latencies->Add(Clock::now() - begin);
    }
  }

  void ReadFor(std::chrono::seconds duration) {
    std::atomic<bool> is_done{false};
    Latencies latencies;
    std::thread reader([&] { Read(&latencies, is_done); });
    std::this_thread::sleep_for(duration);
    is_done.store(true, std::memory_order_relaxed);
    reader.join();
    latencies.Print("gets alone");
  }

  Status Overwrite() {
    const auto before = store_->Stats();
    const auto begin = Clock::now();
    const double cpu = CpuSeconds();
    DiskWatch watch(*store_, directory_, options_);
    std::atomic<bool> is_done{false};
    Latencies gets;
    Latencies sets;
    std::thread reader([&] { Read(&gets, is_done); });
    base::Random random(3);
    const std::string value(kValueBytes, 'w');
    Status status;
    for (std::uint64_t i = 0; status && i < kOverwrites * keys_; ++i) {
      const std::string key = KeyOf(random.Below(keys_));
      const auto set_begin = Clock::now();
      status = store_->Set(key, value);
      sets.Add(Clock::now() - set_begin);
    }
    is_done.store(true, std::memory_order_relaxed);
    reader.join();
    if (!status) return status;
    const DiskWatch::Figures disk = watch.Stop();
    const auto after = store_->Stats();
    const double wall = std::chrono::duration<double>(Clock::now() - begin).count();
    std::printf(
        "overwrite              %.2f bytes written for each of the user's, %.3f of them on the disk at most; %s\n",
        OfUser(after->written_bytes - before->written_bytes) / kOverwrites, OfUser(disk.largest.disk_bytes),
        disk.violations == 0 ? "within the bound" : "OVER THE BOUND");
    std::printf("                       %.0f sets a second, %.2f s of CPU; %llu runs of compaction\n",
                static_cast<double>(kOverwrites * keys_) / wall, CpuSeconds() - cpu,
                static_cast<unsigned long long>(after->compactions - before->compactions));
    gets.Print("gets meanwhile");
    sets.Print("sets");
    return Ok();
  }

  const std::filesystem::path directory_;
  const std::uint64_t keys_;
  const KvStoreOptions options_;
  std::shared_ptr<KvStore> store_;
};

}  // namespace
}  // namespace kvs::soak

int main(int argc, char** argv) {
  if (argc < 2 || argc > 5) {
    std::fprintf(stderr, "usage: kvs_compaction DIRECTORY [KEYS [GARBAGE_RATIO_MAX [SEGMENT_MIB]]]\n");
    return EXIT_FAILURE;
  }
  kvs::KvStoreOptions options;
  options.sync = kvs::SyncPolicy::kNone;
  options.log = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  const std::uint64_t keys = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  if (argc > 3) options.garbage_ratio_max = std::strtod(argv[3], nullptr);
  if (argc > 4) options.segment_bytes = std::strtoull(argv[4], nullptr, 10) << 20;
  const kvs::Status status = kvs::soak::Measurement(argv[1], std::max<std::uint64_t>(keys, 1), options).Run();
  if (!status) std::fprintf(stderr, "kvs_compaction: %s\n", status.error().ToString().c_str());
  return status ? EXIT_SUCCESS : EXIT_FAILURE;
}
