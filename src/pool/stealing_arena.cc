#include "pool/stealing_arena.h"

#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

namespace kvs::pool {

// Fences      R1  workers_: relaxed. Gives each worker a number; each worker touches only its own Shift.
class StealingArena::Impl {
 public:
  explicit Impl(unsigned threads)
      : arena_(SlotCount(threads), static_cast<unsigned>(SlotCount(threads))), shifts_(threads) {
    for (Shift& shift : shifts_) shift.end = shift.group.defer([] {});
  }

  void Run(void (*function)(void*) noexcept, void* argument) {
    auto task = [function, argument] { function(argument); };
    if (arena_of_this_thread == this) {
      tasks_.run(task);  // Onto the deque of this worker.
    } else {
      arena_.enqueue(tasks_.defer(task));
    }
  }

  void Work() {
    Shift& shift = shifts_[workers_.fetch_add(1, std::memory_order_relaxed)];  // R1
    arena_of_this_thread = this;
    arena_.execute([&shift] { shift.group.wait(); });
    arena_of_this_thread = nullptr;
  }

  void Stop() {
    tasks_.wait();
    for (Shift& shift : shifts_) shift.end = {};
  }

 private:
  // What one worker waits in: a group with one task that is never run, only dropped.
  struct Shift {
    tbb::task_group group;
    tbb::task_handle end;
  };

  // An arena of one slot asks oneTBB for a thread of its own as soon as something is enqueued; one of two does not.
  static int SlotCount(unsigned threads) { return static_cast<int>(std::max(threads, 2U)); }

  static thread_local const Impl* arena_of_this_thread;

  tbb::task_arena arena_;
  tbb::task_group tasks_;
  std::vector<Shift> shifts_;
  std::atomic<std::size_t> workers_{0};
};

thread_local const StealingArena::Impl* StealingArena::Impl::arena_of_this_thread = nullptr;

StealingArena::StealingArena(unsigned threads) : impl_(std::make_unique<Impl>(threads)) {}
StealingArena::~StealingArena() = default;
void StealingArena::Run(void (*function)(void*) noexcept, void* argument) { impl_->Run(function, argument); }
void StealingArena::Work() { impl_->Work(); }
void StealingArena::Stop() { impl_->Stop(); }

}  // namespace kvs::pool
