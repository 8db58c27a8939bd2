// kvs-load: asks a server for pairs as fast as it answers, or at a given rate, and checks every answer.
//
//   kvs-load --addr IP:PORT [--protocol resp|memcached] --preload     sets every pair once
//   kvs-load --addr IP:PORT [--sets PERCENT] [--pipeline N] ...       measures
//   kvs-load --addr IP:PORT --idle --connections N                    holds connections that got once, until stdin ends
//
// One line of JSON on stdout. A wrong answer ends it with exit code 1: the figures of a wrong server mean nothing.
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cpu_time.h"
#include "die.h"
#include "load_worker.h"
#include "pairs.h"
#include "wire.h"

namespace kvs::bench {
namespace {

constexpr std::size_t kValueBytesMax = std::size_t{64} << 10;
constexpr std::size_t kPipelineMax = 1'024;
constexpr unsigned kThreadsMax = 64;

struct CommandLine {
  std::string address = "127.0.0.1:4000";
  std::string protocol = "resp";
  std::size_t value_bytes = 100;
  unsigned threads = 1;
  double seconds = 1;
  double warmup_seconds = 0.2;
  pid_t server_pid = 0;
  bool is_preload = false;
  bool is_idle = false;
  bool is_unchecked = false;
  bool has_single_gets = false;
  LoadPlan plan{};
};

void AddOptions(CLI::App& app, CommandLine& line) {
  app.add_option("--addr", line.address, "The server's, IP:PORT")->capture_default_str();
  app.add_option("--protocol", line.protocol)->check(CLI::IsMember({"resp", "memcached"}))->capture_default_str();
  app.add_flag("--single-gets", line.has_single_gets, "memcached: one key in each get");
  app.add_option("--keys", line.plan.keys, "How many pairs")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, kPairKeysMax));
  app.add_option("--value-bytes", line.value_bytes)
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, kValueBytesMax));
  app.add_option("--sets", line.plan.set_percent, "Percent of the requests that are sets; the others are gets")
      ->capture_default_str()
      ->check(CLI::Range(0, 100));
  app.add_option("--connections", line.plan.connections)->capture_default_str()->check(CLI::Range(1, 60'000));
  app.add_option("--pipeline", line.plan.pipeline, "Requests that a connection sends at once")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, kPipelineMax));
  app.add_option("--rate", line.plan.rate, "Requests a second, whatever the server does: an open loop")
      ->check(CLI::Range(1.0, 1e9));
  app.add_option("--threads", line.threads, "Of the generator")
      ->capture_default_str()
      ->check(CLI::Range(1U, kThreadsMax));
  app.add_option("--seconds", line.seconds, "How long to measure")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 3'600.0));
  app.add_option("--warmup", line.warmup_seconds, "How long to load before")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 60.0));
  app.add_option("--server-pid", line.server_pid, "Whose CPU time to note");
  app.add_option("--seed", line.plan.seed)->capture_default_str();
  app.add_flag("--unchecked", line.is_unchecked, "Check the form of the answers only: the server stores nothing");
  app.add_flag("--preload", line.is_preload, "Set every pair once");
  app.add_flag("--idle", line.is_idle, "Hold idle connections");
}

std::unique_ptr<Wire> MakeWire(const CommandLine& line) {
  const ValueCheck check = line.is_unchecked ? ValueCheck::kLengthOnly : ValueCheck::kWhole;
  if (line.protocol == "resp") return MakeRespWire(line.value_bytes, check);
  return MakeMemcachedWire(line.value_bytes, check, line.has_single_gets ? GetForm::kOneKeyEach : GetForm::kManyKeys);
}

class Load {
 public:
  explicit Load(const CommandLine& line) : line_(line), wire_(MakeWire(line)) {
    for (unsigned i = 0; i < line.threads; ++i) workers_.push_back(std::make_unique<LoadWorker>(ShareOf(i), *wire_));
  }

  void Preload() {
    const std::int64_t begin_ns = NowNs();
    Start();
    Join();
    std::printf("{\"preloaded\": %llu, \"seconds\": %.3f}\n", static_cast<unsigned long long>(line_.plan.keys),
                static_cast<double>(NowNs() - begin_ns) / 1e9);
  }

  void Measure() {
    const auto warm = std::chrono::steady_clock::now() + Duration(line_.warmup_seconds);
    const auto end = warm + Duration(line_.seconds);
    for (auto& worker : workers_) worker->RecordBetween(Ns(warm), Ns(end));
    Start();
    std::this_thread::sleep_until(warm);
    const Sample from = Take();
    std::this_thread::sleep_until(end);
    const Sample to = Take();
    for (auto& worker : workers_) worker->Stop();
    Join();
    Print(from, to);
  }

 private:
  struct Sample {
    std::int64_t at_ns;
    std::uint64_t answered = 0;
    double server_cpu_seconds;
    double own_cpu_seconds;
  };

  static std::chrono::nanoseconds Duration(double seconds) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
  }
  static std::int64_t Ns(std::chrono::steady_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  }

  // The share of thread `index`.
  LoadPlan ShareOf(unsigned index) const {
    LoadPlan share = line_.plan;
    const auto part = [&](std::uint64_t whole) {
      return whole * (index + 1) / line_.threads - whole * index / line_.threads;
    };
    share.connections = static_cast<std::size_t>(part(share.connections));
    share.seed = share.seed * 1'000 + index;
    if (share.rate) *share.rate /= line_.threads;
    if (line_.is_preload) {
      share.set_percent = 100;
      share.requests = part(share.keys);
      share.in_turn = share.keys * index / line_.threads;
    }
    return share;
  }

  void Start() {
    for (auto& worker : workers_) {
      threads_.emplace_back([&worker] {
        ::prctl(PR_SET_TIMERSLACK, 1UL);  // An open loop keeps its moments to the microsecond.
        worker->Run();
      });
    }
  }

  void Join() {
    for (std::thread& thread : threads_) thread.join();
  }

  Sample Take() const {
    Sample sample{.at_ns = NowNs(),
                  .server_cpu_seconds = line_.server_pid == 0 ? 0 : CpuSecondsOf(line_.server_pid),
                  .own_cpu_seconds = OwnCpuSeconds()};
    for (const auto& worker : workers_) sample.answered += worker->answered();
    return sample;
  }

  void Print(const Sample& from, const Sample& to) const {
    Histogram latencies;
    for (const auto& worker : workers_) latencies.Merge(worker->latencies());
    const auto requests = static_cast<double>(to.answered - from.answered);
    if (requests == 0) Die("no answers at all");
    const double seconds = static_cast<double>(to.at_ns - from.at_ns) / 1e9;
    const double server_cpu = to.server_cpu_seconds - from.server_cpu_seconds;
    const double own_cpu = to.own_cpu_seconds - from.own_cpu_seconds;
    std::printf("{\"requests\": %.0f, \"seconds\": %.4f, \"requests_per_second\": %.0f, ", requests, seconds,
                requests / seconds);
    std::printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, ", latencies.Microseconds(0.5),
                latencies.Microseconds(0.99), latencies.Microseconds(0.999));
    if (line_.server_pid != 0) {
      std::printf("\"server_cpu_us\": %.4f, \"server_cores\": %.3f, ", server_cpu / requests * 1e6,
                  server_cpu / seconds);
    }
    std::printf("\"load_cpu_us\": %.4f, \"load_cores\": %.3f}\n", own_cpu / requests * 1e6, own_cpu / seconds);
  }

  const CommandLine& line_;
  const std::unique_ptr<Wire> wire_;
  std::vector<std::unique_ptr<LoadWorker>> workers_;
  std::vector<std::thread> threads_;
};

// A connection that was never used costs less than one that has served: so each asks for a pair first.
void HoldIdle(const CommandLine& line) {
  LoadPlan once = line.plan;
  once.requests = once.connections;
  once.pipeline = 1;
  const std::unique_ptr<Wire> wire = MakeWire(line);
  LoadWorker worker(once, *wire);
  worker.Run();
  std::printf("{\"idle\": %zu}\n", once.connections);
  std::fflush(stdout);
  while (std::getchar() != EOF) continue;
}

int Main(int argc, char** argv) {
  CommandLine line;
  CLI::App app("kvs-load: asks a server for pairs and checks every answer", "kvs-load");
  AddOptions(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  const auto address = Address::Parse(line.address);
  if (!address) Die(address.error().ToString());
  line.plan.address = *address;
  if (line.plan.connections < line.threads) Die("--threads: no more than connections");
  if (line.is_idle) {
    HoldIdle(line);
  } else if (line.is_preload) {
    Load(line).Preload();
  } else {
    Load(line).Measure();
  }
  return 0;
}

}  // namespace
}  // namespace kvs::bench

int main(int argc, char** argv) { return kvs::bench::Main(argc, argv); }
