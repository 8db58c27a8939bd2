// ThreadPool: runs jobs on threads. Three of them: a thread for each job, one shared queue, work stealing.
//
//     std::atomic<int> sum = 0;
//     {
//       auto pool = kvs::WorkStealingThreadPool::Create(2).value();
//       for (int i = 1; i <= 10; ++i) pool->Spawn([&sum, i] { sum += i; });
//     }  // The pool ends when every job has run.
//     sum.load();  // == 55
//
// Threads     Spawn() from any thread, jobs included.
// Ordering    None between jobs.
// Ownership   Destruction runs every job that was spawned, then joins the threads. No job may spawn once it has begun.
// Errors      Create(): kInvalidArgument unless threads is 1..1'024; kIo where a thread could not start, and those that
//             did have ended. A job that throws is counted in failed_jobs() and logged to stderr; the pool keeps its
//             number of threads.
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
  virtual std::uint64_t failed_jobs() const = 0;  // How many jobs have thrown so far.
};

// A new thread for each job: the yardstick that shows what the others save. `threads` is taken so that the three are
// created alike, and sets no bound. Where the system has no thread left, Spawn() runs the job itself.
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

// `threads` workers, each with a queue of its own (oneTBB's concurrent_queue), who take from each other when theirs is
// empty. A job that a job spawns goes to the queue of its worker, which serves it before what comes from outside.
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
