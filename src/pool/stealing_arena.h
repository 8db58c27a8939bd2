// StealingArena: oneTBB's deques and stealing for threads that we own.
//
// Design      A task_arena whose slots are all reserved for the threads that call Work(), so that oneTBB lends none of
//             its own and there are exactly as many workers as were asked for, on any machine. Each waits in a
//             task_group that ends with Stop(), and waiting in oneTBB means to run tasks: first those of the own deque,
//             newest first, then what came from outside, then what it can steal from the others.
// Threads     Run() from any thread. Work() once from each of `threads` threads. Stop() once.
#pragma once

#include <memory>

namespace kvs::pool {

class StealingArena {
 public:
  explicit StealingArena(unsigned threads);
  ~StealingArena();  // After Stop(), and after every Work() has returned.

  // Calls function(argument) on one of the workers. From a worker it goes to that worker's own deque.
  void Run(void (*function)(void* argument) noexcept, void* argument);

  void Work();  // Runs tasks until Stop().
  void Stop();  // Waits until every task has run, then lets the calls of Work() return.

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kvs::pool
