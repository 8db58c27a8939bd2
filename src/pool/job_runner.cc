#include "pool/job_runner.h"

#include <cstdio>
#include <exception>
#include <utility>

#include "base/probe.h"

namespace kvs::pool {

void JobRunner::Run(Job job) {
  try {
    std::exchange(job, nullptr)();
  } catch (const std::exception& exception) {
    CountFailure(exception.what());
  } catch (...) {
    CountFailure("an exception that is no std::exception");
  }
}

void JobRunner::CountFailure(const char* what) {
  KVS_PROBE("job of a pool threw");
  failed_jobs_.fetch_add(1, std::memory_order_relaxed);  // R1
  std::fprintf(stderr, "kvs: a job of a thread pool threw: %s\n", what);
}

}  // namespace kvs::pool
