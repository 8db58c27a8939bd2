// bench_pools: which pool serves best, on which engine, with how many threads?
//
// One measurement has a server in this process, eight clients over loopback, and rounds of 1,000 keys of one length,
// which are set (write_*) or got (read_*). Every answer is checked. Server, store and connections start before the
// clock and end after it. The wall clock gives the wait of a user. The CPU time of the whole process gives the cost. It
// includes the clients, which are the same for all. Run with --benchmark_enable_random_interleaving: the figures are
// ratios of one run.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <thread>

#include "pools/clients.h"
#include "pools/serving.h"

namespace kvs::bench {
namespace {

struct Variant {
  const char* name;
  ServingKind kind;
  EngineKind engine;
};

constexpr Variant kVariants[] = {
    {"queued_kvstore", ServingKind::kQueued, EngineKind::kKvs},
    {"stealing_kvstore", ServingKind::kStealing, EngineKind::kKvs},
    {"stealing_sled", ServingKind::kStealing, EngineKind::kSled},
    {"naive_kvstore", ServingKind::kNaive, EngineKind::kKvs},
    {"direct_kvstore", ServingKind::kDirect, EngineKind::kKvs},
};

void Measure(benchmark::State& state, const Variant& variant, Operation operation) {
  const auto serving = Serving::Start({variant.engine, variant.kind, static_cast<unsigned>(state.range(0))});
  if (!serving) return state.SkipWithError(serving.error().ToString().c_str());
  const auto clients = Clients::Connect((*serving)->address());
  if (!clients) return state.SkipWithError(clients.error().ToString().c_str());
  if (!(*clients)->RunRound(Operation::kWrite)) return state.SkipWithError("the first writes failed");
  for (auto _ : state) {
    if (!(*clients)->RunRound(operation)) {
      state.SkipWithError("a wrong answer");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRequestsPerRound));
}

// 1, 2, 4, ... up to twice the cores. The naive pool knows no number of threads.
void SetThreads(benchmark::internal::Benchmark* benchmark, ServingKind kind) {
  const unsigned threads_max = kind == ServingKind::kNaive ? 1 : 2 * std::max(1U, std::thread::hardware_concurrency());
  for (unsigned threads = 1; threads <= threads_max; threads *= 2) benchmark->Arg(threads);
}

void RegisterAll() {
  for (const Operation operation : {Operation::kWrite, Operation::kRead}) {
    for (const Variant& variant : kVariants) {
      const std::string name = (operation == Operation::kWrite ? "write_" : "read_") + std::string(variant.name);
      auto* benchmark = benchmark::RegisterBenchmark(
          name.c_str(), [&variant, operation](benchmark::State& state) { Measure(state, variant, operation); });
      SetThreads(benchmark, variant.kind);
      benchmark->ArgName("threads")->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
    }
  }
}

}  // namespace
}  // namespace kvs::bench

int main(int argument_count, char** arguments) {
  kvs::bench::RegisterAll();
  benchmark::Initialize(&argument_count, arguments);
  if (benchmark::ReportUnrecognizedArguments(argument_count, arguments)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
