#include "workloads.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <limits>
#include <thread>

#include "base/random.h"
#include "histogram.h"
#include "keys.h"
#include "process.h"
#include "zipfian.h"

namespace kvs::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kTimedEvery = 16;
constexpr std::uint64_t kOperationsMax = std::uint64_t{1} << 20;  // Of one thread in one run.
constexpr double kNoEnd = 1e6;                                    // Seconds.
constexpr unsigned kWarmUpShare = 5;  // A fifth of a run goes before it, uncounted, to fill the caches.
constexpr std::size_t kKeysPerBatch = 16;
constexpr std::uint64_t kScanKeys = 100;
constexpr std::uint64_t kAbsentFrom = std::uint64_t{1} << 40;
constexpr double kQuietSeconds = 0.1;
constexpr double kQuietSecondsAfterLoad = 0.3;

// A draw is the number of a key and, in the bits above it, the operation.
constexpr unsigned kKindShift = 29;
constexpr std::uint32_t kNumberMask = (std::uint32_t{1} << kKindShift) - 1;
enum Kind : std::uint32_t { kRead = 0, kUpdate = 1, kInsert = 2 };

std::uint32_t DrawOf(Kind kind, std::uint64_t number) {
  return static_cast<std::uint32_t>(kind) << kKindShift | static_cast<std::uint32_t>(number);
}

std::uint64_t NanosecondsSince(Clock::time_point begin) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(Clock::now() - begin).count());
}

void AddPercentiles(const Histogram& latencies, Figures& figures) {
  figures["p50_us"] = latencies.Microseconds(0.5);
  figures["p99_us"] = latencies.Microseconds(0.99);
  figures["p999_us"] = latencies.Microseconds(0.999);
}

// From its construction to Finish(): the CPU time, the bytes written, and the wall time between.
class Meter {
 public:
  // `wall` ends before the background work does, which the rest is counted with.
  void Finish(double operations, bool writes, double quiet_seconds, Figures& figures) const {
    const double wall = WallSeconds() - wall_;
    if (writes) Settle(quiet_seconds);
    const double cpu = CpuSeconds() - cpu_;
    figures["ops"] = operations;
    figures["seconds"] = wall;
    figures["cpu_us"] = cpu * 1e6 / operations;
    figures["ops_per_s"] = operations / wall;
    if (writes) figures["written_per_op"] = static_cast<double>(WrittenBytes() - written_) / operations;
  }

 private:
  const std::uint64_t written_ = WrittenBytes();
  const double wall_ = WallSeconds();
  const double cpu_ = CpuSeconds();
};

}  // namespace

// The parts of a workload, by the cost of an operation.
struct Workloads::Shape {
  std::size_t points;       // That take about as long as one of its operations.
  std::size_t per_look;     // Operations between two looks at the clock that ends the run.
  std::size_t timed_every;  // Of so many operations one is timed.

  static constexpr Shape OfPoints() { return {1, 256, kTimedEvery}; }
  static constexpr Shape OfBatches() { return {4, 32, kTimedEvery}; }
  static constexpr Shape OfScans() { return {8, 1, 1}; }
  static constexpr Shape OfSyncs() { return {1000, 1, 1}; }
};

// The state of one thread of a workload. Aligned, so that no two threads write to one pair of cache lines.
struct alignas(128) Workloads::Worker {
  Worker(Engine& engine, std::size_t bytes_of_value, std::uint64_t seed)
      : session(engine.NewSession()), values(bytes_of_value, seed), random(seed), value_bytes(bytes_of_value) {}

  void Check(std::string_view key, const Sighting& seen) {
    bad += seen.bytes != value_bytes || seen.lead != LeadOf(key) ? 1 : 0;
  }
  void Get(std::uint64_t number) {
    const Key key(number);
    Check(key.view(), session->Get(key.view()));
  }
  void Set(std::uint64_t number) {
    const Key key(number);
    session->Set(key.view(), values.Next(key.view()));
  }

  // Runs `operation` on the draws up to `last`, until they or the time are used up. Forgets earlier figures.
  template <class Operation>
  void Drive(std::size_t last, double seconds, const Shape& shape, Operation operation) {
    const auto span = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    const Clock::time_point deadline = Clock::now() + span;
    latencies = {};
    const std::size_t first = next;
    for (std::size_t at = first; at < last;) {
      const std::size_t end = std::min(at + shape.per_look, last);
      for (; at < end; ++at) {
        if (at % shape.timed_every != 0) {
          operation(*this, draws[at]);
          continue;
        }
        const Clock::time_point begin = Clock::now();
        operation(*this, draws[at]);
        latencies.Add(NanosecondsSince(begin));
      }
      next = at;
      operations = at - first;
      if (Clock::now() >= deadline) return;
    }
  }

  std::unique_ptr<Session> session;
  Values values;
  base::Random random;
  const std::size_t value_bytes;
  std::vector<std::uint32_t> draws{};
  std::size_t next = 0;  // The draw to go on with.
  Histogram latencies{};
  std::uint64_t operations = 0;
  std::uint64_t bad = 0;
};

Workloads::Workloads(Engine& engine, const Settings& settings, std::uint64_t keys_present)
    : engine_(engine), settings_(settings), keys_(keys_present) {}

template <class Draw, class Operation>
Figures Workloads::Measure(const Job& job, bool writes, const Shape& shape, Draw draw, Operation operation) {
  const std::uint64_t count = job.operations > 0 ? job.operations / shape.points : kOperationsMax;
  const double seconds = job.operations > 0 ? kNoEnd : job.seconds;
  std::vector<std::unique_ptr<Worker>> workers;
  for (unsigned i = 0; i < job.threads; ++i) {
    workers.push_back(std::make_unique<Worker>(engine_, settings_.value_bytes, ++seed_));
    auto& draws = workers.back()->draws;
    draws.resize(count);
    for (std::uint32_t& one : draws) one = draw(workers.back()->random);
  }
  std::latch ready(job.threads);
  std::latch go(1);
  std::vector<std::thread> threads;
  for (const auto& worker : workers) {
    threads.emplace_back([&, own = worker.get()] {
      own->Drive(count / kWarmUpShare, seconds / kWarmUpShare, shape, operation);
      ready.count_down();
      go.wait();
      own->Drive(count, seconds, shape, operation);
    });
  }
  ready.wait();
  const Meter meter;
  go.count_down();
  for (std::thread& thread : threads) thread.join();

  Histogram latencies;
  std::uint64_t operations = 0;
  std::uint64_t bad = 0;
  for (const auto& worker : workers) {
    latencies.Merge(worker->latencies);
    operations += worker->operations;
    bad += worker->bad;
  }
  Figures figures;
  meter.Finish(static_cast<double>(operations), writes, kQuietSeconds, figures);
  AddPercentiles(latencies, figures);
  figures["bad"] = static_cast<double>(bad);
  return figures;
}

// ------------------------------------------------------------------------------------------------------------- loading

Figures Workloads::Load() {
  const std::uint64_t anonymous_before = AnonymousBytes();
  Worker worker(engine_, settings_.value_bytes, ++seed_);
  Figures figures;
  if (const std::size_t batch = worker.session->load_batch(); batch > 1) {
    figures = LoadInBatches(*worker.session, batch);
  } else {
    const Meter meter;
    for (std::uint64_t number = 0; number < settings_.keys; ++number) {
      if (number % kTimedEvery != 0) {
        worker.Set(number);
        continue;
      }
      const Clock::time_point begin = Clock::now();
      worker.Set(number);
      worker.latencies.Add(NanosecondsSince(begin));
    }
    meter.Finish(static_cast<double>(settings_.keys), true, kQuietSecondsAfterLoad, figures);
    AddPercentiles(worker.latencies, figures);
  }
  keys_ = settings_.keys;
  const auto keys = static_cast<double>(keys_);
  const double user_bytes = keys * static_cast<double>(kKeyBytes + settings_.value_bytes);
  const std::uint64_t anonymous = AnonymousBytes();
  figures["anonymous_per_key"] = static_cast<double>(anonymous - std::min(anonymous, anonymous_before)) / keys;
  figures["index_per_key"] = static_cast<double>(engine_.IndexBytes()) / keys;
  figures["resident_per_key"] = static_cast<double>(ResidentBytes()) / keys;
  figures["disk_per_user"] = static_cast<double>(DiskBytes(settings_.directory)) / user_bytes;
  figures["written_per_user"] = figures["written_per_op"] * keys / user_bytes;
  return figures;
}

// The pairs of a batch are put together within the time: a user would have to do so as well.
Figures Workloads::LoadInBatches(Session& session, std::size_t batch) {
  constexpr std::size_t kBatchBytesMax = std::size_t{4} << 20;
  const std::size_t count_max = std::clamp<std::size_t>(kBatchBytesMax / settings_.value_bytes, 1, batch);
  Values values(settings_.value_bytes, ++seed_);
  std::vector<Key> keys(count_max);
  std::string bytes(count_max * settings_.value_bytes, '\0');
  std::vector<Pair> pairs(count_max);
  Histogram latencies;
  const Meter meter;
  for (std::uint64_t number = 0; number < settings_.keys;) {
    const std::size_t count = std::min<std::uint64_t>(count_max, settings_.keys - number);
    for (std::size_t i = 0; i < count; ++i, ++number) {
      keys[i] = Key(number);
      const std::string_view value = values.Next(keys[i].view());
      char* const to = bytes.data() + i * settings_.value_bytes;
      std::memcpy(to, value.data(), value.size());
      pairs[i] = {keys[i].view(), {to, value.size()}};
    }
    const Clock::time_point begin = Clock::now();
    session.Load(std::span(pairs).first(count));
    latencies.Add(NanosecondsSince(begin));
  }
  Figures figures;
  meter.Finish(static_cast<double>(settings_.keys), true, kQuietSecondsAfterLoad, figures);
  AddPercentiles(latencies, figures);
  return figures;
}

// ------------------------------------------------------------------------------------------------------------- points

Figures Workloads::Get(const Job& job, bool is_zipfian) {
  const Zipfian zipfian(keys_);
  return Measure(
      job, false, Shape::OfPoints(),
      [&](base::Random& random) {
        return DrawOf(kRead, is_zipfian ? Scramble(zipfian.Next(random) + 1) % keys_ : random.Below(keys_));
      },
      [](Worker& worker, std::uint32_t draw) { worker.Get(draw); });
}

Figures Workloads::Absent(const Job& job) {
  return Measure(
      job, false, Shape::OfPoints(), [&](base::Random& random) { return DrawOf(kRead, random.Below(keys_)); },
      [](Worker& worker, std::uint32_t draw) {
        const Key key(kAbsentFrom + draw);
        const Sighting seen = worker.session->Get(key.view());
        worker.bad += seen.bytes == Sighting::kAbsent || seen.bytes == worker.value_bytes ? 0 : 1;
      });
}

// A draw seeds sixteen numbers that are evenly spread. CPU and rate are per key, latencies per call.
Figures Workloads::MultiGet(const Job& job) {
  Figures figures = Measure(
      job, false, Shape::OfBatches(), [&](base::Random& random) { return DrawOf(kRead, random.Below(keys_)); },
      [keys_present = keys_](Worker& worker, std::uint32_t draw) {
        std::array<Key, kKeysPerBatch> keys;
        std::array<std::string_view, kKeysPerBatch> views;
        std::array<Sighting, kKeysPerBatch> seen;
        for (std::size_t i = 0; i < kKeysPerBatch; ++i) {
          keys[i] = Key(Scramble((std::uint64_t{draw} << 5) + i + 1) % keys_present);
          views[i] = keys[i].view();
        }
        worker.session->MultiGet(views, seen.data());
        for (std::size_t i = 0; i < kKeysPerBatch; ++i) worker.Check(views[i], seen[i]);
      });
  figures["cpu_us"] /= kKeysPerBatch;
  figures["ops_per_s"] *= kKeysPerBatch;
  return figures;
}

// ------------------------------------------------------------------------------------------------------------- YCSB

// A and B: reads and updates of keys that are few of all.
Figures Workloads::Mix(const Job& job, unsigned update_percent) {
  const Zipfian zipfian(keys_);
  return Measure(
      job, true, Shape::OfPoints(),
      [&](base::Random& random) {
        const Kind kind = random.Below(100) < update_percent ? kUpdate : kRead;
        return DrawOf(kind, Scramble(zipfian.Next(random) + 1) % keys_);
      },
      [](Worker& worker, std::uint32_t draw) {
        if (draw >> kKindShift == kUpdate) return worker.Set(draw & kNumberMask);
        worker.Get(draw & kNumberMask);
      });
}

// D: reads of the newest keys, and a twentieth of new keys. One thread.
Figures Workloads::ReadLatest(const Job& job) {
  const Zipfian zipfian(keys_);
  return Measure(
      job, true, Shape::OfPoints(),
      [&](base::Random& random) {
        return random.Below(100) < 5 ? DrawOf(kInsert, 0) : DrawOf(kRead, zipfian.Next(random));
      },
      [this](Worker& worker, std::uint32_t draw) {
        if (draw >> kKindShift == kInsert) return worker.Set(keys_++);
        worker.Get(keys_ - 1 - (draw & kNumberMask));
      });
}

// E: scans of 1 to 100 pairs, and a twentieth of new keys. One thread.
Figures Workloads::ScanMix(const Job& job) {
  const Zipfian zipfian(keys_);
  return Measure(
      job, true, Shape::OfScans(),
      [&](base::Random& random) {
        const std::uint64_t number = Scramble(zipfian.Next(random) + 1) % keys_;
        return random.Below(100) < 5 ? DrawOf(kInsert, 0) : DrawOf(kRead, number);
      },
      [this](Worker& worker, std::uint32_t draw) {
        if (draw >> kKindShift == kInsert) return worker.Set(keys_++);
        const Key key(draw & kNumberMask);
        const std::uint64_t limit = 1 + worker.random.Below(kScanKeys);
        const ScanSum sum = worker.session->Scan(key.view(), limit);
        worker.bad += sum.value_bytes == sum.keys * worker.value_bytes && sum.keys > 0 ? 0 : 1;
      });
}

// F: reads, half of them followed by a write of the same key.
Figures Workloads::ReadModifyWrite(const Job& job) {
  const Zipfian zipfian(keys_);
  return Measure(
      job, true, Shape::OfPoints(),
      [&](base::Random& random) {
        return DrawOf(random.OneIn(2) ? kUpdate : kRead, Scramble(zipfian.Next(random) + 1) % keys_);
      },
      [](Worker& worker, std::uint32_t draw) {
        worker.Get(draw & kNumberMask);
        if (draw >> kKindShift == kUpdate) worker.Set(draw & kNumberMask);
      });
}

// ------------------------------------------------------------------------------------------------------------- scans

// At the last keys there are fewer than a hundred to come.
Figures Workloads::Scan100(const Job& job) {
  return Measure(
      job, false, Shape::OfScans(), [&](base::Random& random) { return DrawOf(kRead, random.Below(keys_)); },
      [](Worker& worker, std::uint32_t draw) {
        const Key key(draw);
        const ScanSum sum = worker.session->Scan(key.view(), kScanKeys);
        worker.bad += sum.value_bytes == sum.keys * worker.value_bytes && sum.keys > 0 ? 0 : 1;
      });
}

// CPU and rate are per key.
Figures Workloads::FullScan() {
  const std::unique_ptr<Session> session = engine_.NewSession();
  const Meter meter;
  const ScanSum sum = session->Scan({}, keys_ + 1);
  Figures figures;
  meter.Finish(static_cast<double>(sum.keys), false, 0, figures);
  const bool is_empty_engine = sum.keys == keys_ + 1;
  figures["bad"] = sum.keys == keys_ || is_empty_engine ? 0 : 1;
  return figures;
}

// ------------------------------------------------------------------------------------------------------------- writing

Figures Workloads::Durable(const Job& job) {
  return Measure(
      job, true, Shape::OfSyncs(), [&](base::Random& random) { return DrawOf(kUpdate, random.Below(settings_.keys)); },
      [](Worker& worker, std::uint32_t draw) { worker.Set(draw & kNumberMask); });
}

// Overwrites at random as many pairs as there are, `times` over, and watches the disk during that. Ends early if the
// time is used up; 0 seconds: never.
Figures Workloads::Overwrite(const Job& job, unsigned times) {
  constexpr std::chrono::milliseconds kLookEvery{20};
  const std::uint64_t operations_max = times * keys_;
  const double end = job.seconds > 0 ? WallSeconds() + job.seconds : std::numeric_limits<double>::infinity();
  const std::size_t per_look = Shape::OfPoints().per_look;
  std::uint64_t operations = 0;
  std::atomic<bool> is_done{false};  // Relaxed: the join orders the thread's figures.
  std::uint64_t disk_peak = 0;
  std::thread watch([&] {
    while (!is_done.load(std::memory_order_relaxed)) {
      disk_peak = std::max(disk_peak, DiskBytes(settings_.directory));
      std::this_thread::sleep_for(kLookEvery);
    }
  });
  Worker worker(engine_, settings_.value_bytes, ++seed_);
  Figures figures;
  const Meter meter;
  for (; operations < operations_max && (operations % per_look != 0 || WallSeconds() < end); ++operations) {
    const std::uint64_t number = worker.random.Below(keys_);
    if (operations % kTimedEvery != 0) {
      worker.Set(number);
      continue;
    }
    const Clock::time_point begin = Clock::now();
    worker.Set(number);
    worker.latencies.Add(NanosecondsSince(begin));
  }
  is_done.store(true, std::memory_order_relaxed);
  watch.join();  // First, or its looks at the disk would be taken for background work that goes on.
  meter.Finish(static_cast<double>(operations), true, kQuietSecondsAfterLoad, figures);
  AddPercentiles(worker.latencies, figures);
  const double pair_bytes = static_cast<double>(kKeyBytes + settings_.value_bytes);
  const double user_bytes = static_cast<double>(keys_) * pair_bytes;
  figures["disk_peak_per_user"] = static_cast<double>(disk_peak) / user_bytes;
  figures["disk_per_user"] = static_cast<double>(DiskBytes(settings_.directory)) / user_bytes;
  figures["written_per_user"] = figures["written_per_op"] / pair_bytes;
  figures["times"] = static_cast<double>(operations) / static_cast<double>(keys_);
  return figures;
}

void Workloads::OverwriteBytes(std::uint64_t bytes) {
  Worker worker(engine_, settings_.value_bytes, ++seed_);
  const std::uint64_t operations = bytes / (kKeyBytes + settings_.value_bytes);
  for (std::uint64_t i = 0; i < operations; ++i) worker.Set(worker.random.Below(keys_));
}

// The latency of a get, each one timed, while another thread overwrites at random as fast as the store lets it.
Figures Workloads::Tail(const Job& job) {
  Worker reader(engine_, settings_.value_bytes, ++seed_);
  Worker writer(engine_, settings_.value_bytes, ++seed_);
  std::atomic<bool> is_done{false};  // Relaxed: the join orders the thread's counts.
  const double end = WallSeconds() + job.seconds;
  const std::uint64_t written_before = WrittenBytes();
  const Meter meter;
  std::thread thread([&] {
    while (!is_done.load(std::memory_order_relaxed)) {
      writer.Set(writer.random.Below(keys_));
      ++writer.operations;
    }
  });
  const std::size_t per_look = Shape::OfPoints().per_look;
  for (; reader.operations % per_look != 0 || WallSeconds() < end; ++reader.operations) {
    const std::uint64_t number = reader.random.Below(keys_);
    const Clock::time_point begin = Clock::now();
    reader.Get(number);
    reader.latencies.Add(NanosecondsSince(begin));
  }
  is_done.store(true, std::memory_order_relaxed);
  thread.join();
  Figures figures;
  meter.Finish(static_cast<double>(reader.operations), false, 0, figures);
  AddPercentiles(reader.latencies, figures);
  const auto sets = static_cast<double>(writer.operations);
  figures["sets_per_s"] = sets / figures["seconds"];
  figures["written_per_set"] = static_cast<double>(WrittenBytes() - written_before) / sets;  // Tells of compaction.
  figures["bad"] = static_cast<double>(reader.bad);
  return figures;
}

// ------------------------------------------------------------------------------------------------------------- by name

bool Workloads::Knows(const std::string& workload) {
  static const std::vector<std::string> names = {
      "load",   "get",    "mget16",  "absent",   "ycsb-a",  "ycsb-b",    "ycsb-c",         "ycsb-d",
      "ycsb-e", "ycsb-f", "scan100", "fullscan", "durable", "overwrite", "overwrite-once", "tail"};
  return std::ranges::find(names, workload) != names.end();
}

Figures Workloads::Run(const Job& job) {
  if (job.workload == "load") return Load();
  if (job.workload == "get") return Get(job, false);
  if (job.workload == "mget16") return MultiGet(job);
  if (job.workload == "absent") return Absent(job);
  if (job.workload == "ycsb-a") return Mix(job, 50);
  if (job.workload == "ycsb-b") return Mix(job, 5);
  if (job.workload == "ycsb-c") return Get(job, true);
  if (job.workload == "ycsb-d") return ReadLatest(job);
  if (job.workload == "ycsb-e") return ScanMix(job);
  if (job.workload == "ycsb-f") return ReadModifyWrite(job);
  if (job.workload == "scan100") return Scan100(job);
  if (job.workload == "fullscan") return FullScan();
  if (job.workload == "durable") return Durable(job);
  if (job.workload == "overwrite") return Overwrite(job, 3);
  if (job.workload == "overwrite-once") return Overwrite(job, 1);
  if (job.workload == "tail") return Tail(job);
  Die("no workload '" + job.workload + "'");
}

}  // namespace kvs::bench
