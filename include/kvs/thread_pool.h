// ThreadPool: runs jobs on threads. There are three: a thread per job, one shared queue, and work stealing.
//
//     std::atomic<int> sum = 0;
//     {
//       auto pool = kvs::WorkStealingThreadPool::Create(2).value();
//       for (int i = 1; i <= 10; ++i) pool->Spawn([&sum, i] { sum += i; });
//     }  // The pool ends when every job has run.
//     sum.load();  // == 55
//
// Threads     Call Spawn() from any thread, jobs included.
// Ordering    None between jobs.
// Ownership   The destructor runs every spawned job, then joins the threads. No job may spawn after it has begun.
// Errors      Create(): kInvalidArgument unless threads is 1..1'024. kIo: a thread could not start; those that did have
//             ended. A job that throws is counted in failed_jobs() and logged to stderr. The pool keeps its number of
//             threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "kvs/result.h"

namespace kvs {

using Job = std::function<void()>;

class ThreadPool {
 public:
  virtual ~ThreadPool() = default;
  virtual void Spawn(Job job) = 0;
  virtual std::uint64_t failed_jobs() const = 0;  // Jobs that have thrown so far.
};

// Starts a new thread per job, as the baseline for the other two. `threads` sets no bound; it makes the three pools'
// signatures alike. If the system has no thread left, Spawn() runs the job itself.
class NaiveThreadPool final : public ThreadPool {
 public:
  static Result<std::unique_ptr<NaiveThreadPool>> Create(unsigned threads);
  ~NaiveThreadPool() override;
  void Spawn(Job job) override;
  std::uint64_t failed_jobs() const override;

 private:
  class Impl;
  explicit NaiveThreadPool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// `threads` workers take jobs from one queue (moodycamel's ConcurrentQueue).
class SharedQueueThreadPool final : public ThreadPool {
 public:
  static Result<std::unique_ptr<SharedQueueThreadPool>> Create(unsigned threads);
  ~SharedQueueThreadPool() override;
  void Spawn(Job job) override;
  std::uint64_t failed_jobs() const override;

 private:
  class Impl;
  explicit SharedQueueThreadPool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// `threads` workers, each with its own queue (oneTBB's concurrent_queue). An idle worker steals from the others. A job
// spawned by a job goes to its worker's queue, which that worker serves before jobs from outside.
class WorkStealingThreadPool final : public ThreadPool {
 public:
  static Result<std::unique_ptr<WorkStealingThreadPool>> Create(unsigned threads);
  ~WorkStealingThreadPool() override;
  void Spawn(Job job) override;
  std::uint64_t failed_jobs() const override;

 private:
  class Impl;
  explicit WorkStealingThreadPool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kvs
