// kvs_soak: a long run that tests two promises on a real disk. A reader gets only values that were written, and none
// older than the last acknowledged one. The disk use stays under its bound at every moment.
//
//   kvs_soak DIRECTORY [KEYS]
//
// DIRECTORY must be empty or new. Sets KEYS keys (1,000,000) of 16 bytes with values of 100 bytes, and overwrites them
// three times in random order, while two threads read and check, and a third watches the disk. Then it opens the store
// again and checks all. Exits with 1 if anything was wrong.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "disk_watch.h"
#include "kvs/kv_store.h"

namespace kvs::soak {
namespace {

constexpr std::size_t kKeysDefault = 1'000'000;
constexpr std::size_t kValueBytes = 100;
constexpr unsigned kRounds = 4;  // One that sets, three that overwrite.
constexpr int kReaders = 2;

double Seconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

std::string KeyOf(std::size_t number) {
  constexpr std::size_t kDigits = 12;
  const std::string digits = std::to_string(number);
  return "key-" + std::string(kDigits - std::min(kDigits, digits.size()), '0') + digits;
}

// A value proves itself: its generation, then bytes that follow from key and generation.
std::string ValueOf(std::string_view key, std::uint64_t generation) {
  std::string value(kValueBytes, '\0');
  base::Random random(base::Hash64(key, generation));
  std::memcpy(value.data(), &generation, sizeof generation);
  for (std::size_t at = sizeof generation; at < value.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t word = random.Next();
    std::memcpy(value.data() + at, &word, std::min(sizeof word, value.size() - at));
  }
  return value;
}

// Whether `value` is one of `key`, of `generation_min` or a later one.
bool IsValueOf(std::string_view key, std::string_view value, std::uint64_t generation_min) {
  std::uint64_t generation = 0;
  if (value.size() != kValueBytes) return false;
  std::memcpy(&generation, value.data(), sizeof generation);
  return generation >= generation_min && generation <= kRounds && value == ValueOf(key, generation);
}

class Soak {
 public:
  Soak(const std::filesystem::path& directory, std::size_t keys) : directory_(directory), acknowledged_(keys) {}

  int Run() {
    if (!Write() || !Reopen()) return EXIT_FAILURE;
    const bool is_good = disk_.violations == 0 && wrong_reads_.load(std::memory_order_relaxed) == 0;
    std::printf("%s\n", is_good ? "all well" : "FAILED");
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
  }

 private:
  bool Write() {
    const auto store = KvStore::Open(directory_, options_);
    if (!store) return Fail(store.error());
    DiskWatch watch(**store, directory_, options_);
    std::vector<std::thread> readers;
    for (int i = 0; i < kReaders; ++i) readers.emplace_back([&, i] { ReadUntilDone(**store, i); });
    const auto begin = std::chrono::steady_clock::now();
    Status status;
    for (std::uint64_t round = 1; status && round <= kRounds; ++round) status = WriteRound(**store, round);
    const double seconds = Seconds(begin);
    is_done_.store(true, std::memory_order_relaxed);
    for (std::thread& reader : readers) reader.join();
    disk_ = watch.Stop();
    if (!status) return Fail(status.error());
    PrintWrites(**store, seconds);
    return true;
  }

  Status WriteRound(KvStore& store, std::uint64_t round) {
    std::vector<std::uint32_t> order(acknowledged_.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    base::Random random(round);
    for (std::size_t i = order.size(); round > 1 && i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
    for (const std::uint32_t number : order) {
      const std::string key = KeyOf(number);
      if (Status status = store.Set(key, ValueOf(key, round)); !status) return status;
      acknowledged_[number].store(static_cast<std::uint8_t>(round), std::memory_order_release);  // P1
    }
    return Ok();
  }

  void ReadUntilDone(KvStore& store, int reader) {
    base::Random random(static_cast<std::uint64_t>(reader) + 1);
    std::uint64_t reads = 0;
    while (!is_done_.load(std::memory_order_relaxed)) {
      Check(store, random.Below(acknowledged_.size()));
      ++reads;
    }
    reads_.fetch_add(reads, std::memory_order_relaxed);
  }

  void Check(KvStore& store, std::size_t number) {
    const std::string key = KeyOf(number);
    const std::uint64_t generation_min = acknowledged_[number].load(std::memory_order_acquire);  // P1
    bool is_right = generation_min == 0;
    const auto found =
        store.Read(key, [&](std::string_view value) { is_right = IsValueOf(key, value, generation_min); });
    if (found && is_right) return;
    wrong_reads_.fetch_add(1, std::memory_order_relaxed);
    std::fprintf(stderr, "wrong: %s: %s\n", key.c_str(), found ? "not its value" : found.error().ToString().c_str());
  }

  bool Reopen() {
    const auto begin = std::chrono::steady_clock::now();
    const auto store = KvStore::Open(directory_, options_);
    const double seconds = Seconds(begin);
    if (!store) return Fail(store.error());
    for (std::size_t number = 0; number < acknowledged_.size(); ++number) Check(**store, number);
    const auto stats = (*store)->Stats();
    const bool has_all = stats && stats->keys == acknowledged_.size();
    if (!has_all) wrong_reads_.fetch_add(1, std::memory_order_relaxed);
    std::printf("reopened        %.3f s, %llu segments, %llu of them from hints, %s keys\n", seconds,
                Number((*store)->open_report().segments), Number((*store)->open_report().segments_from_hints),
                has_all ? "all" : "NOT ALL");
    std::printf("wrong reads     %llu\n", Number(wrong_reads_.load(std::memory_order_relaxed)));
    return true;
  }

  void PrintWrites(KvStore& store, double seconds) {
    const auto operations = static_cast<double>(kRounds * acknowledged_.size());
    std::printf("sets            %.0f in %.1f s: %.0f a second\n", operations, seconds, operations / seconds);
    std::printf("reads meanwhile %llu\n", Number(reads_.load(std::memory_order_relaxed)));
    if (const auto stats = store.Stats()) {
      std::printf("compactions     %llu; %.2f bytes written for each live one\n", Number(stats->compactions),
                  static_cast<double>(stats->written_bytes) / static_cast<double>(stats->live_bytes));
    }
    PrintSample("most on disk", disk_.largest);
    PrintSample("nearest to bound", disk_.worst);
    std::printf("samples         %llu, over the bound: %llu\n", Number(disk_.samples), Number(disk_.violations));
  }

  static void PrintSample(const char* name, const DiskWatch::Sample& sample) {
    constexpr double kMega = 1e6;
    std::printf("%-16s%.1f MB; bound %.1f MB, ratio %.3f; live %.1f MB, segment %.1f MB\n", name,
                static_cast<double>(sample.disk_bytes) / kMega, static_cast<double>(sample.bound_bytes) / kMega,
                sample.ratio(), static_cast<double>(sample.live_bytes) / kMega,
                static_cast<double>(sample.segment_bytes) / kMega);
  }

  static unsigned long long Number(std::uint64_t number) { return number; }

  static bool Fail(const Error& error) {
    std::fprintf(stderr, "kvs_soak: %s\n", error.ToString().c_str());
    return false;
  }

  const std::filesystem::path directory_;
  const KvStoreOptions options_{.log = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }};

  // For each key the round whose value was acknowledged last; 0: none.
  // P1: release store after Set() returned -> acquire load before Get() is called, which must see that value then.
  std::vector<std::atomic<std::uint8_t>> acknowledged_;
  std::atomic<bool> is_done_{false};  // Relaxed, as the figures below.
  std::atomic<std::uint64_t> reads_{0};
  std::atomic<std::uint64_t> wrong_reads_{0};
  DiskWatch::Figures disk_;
};

}  // namespace
}  // namespace kvs::soak

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: kvs_soak DIRECTORY [KEYS]\n");
    return EXIT_FAILURE;
  }
  const std::size_t keys = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : kvs::soak::kKeysDefault;
  return kvs::soak::Soak(argv[1], std::max<std::size_t>(keys, 1)).Run();
}
