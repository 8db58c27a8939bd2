// SeededSchedule: a schedule that a seed decides. The same seed and the same program give the same history.
//
// Design      One thread has the turn. Where threads may switch, a number drawn from the seed says whether they do, and
//             to which of those that can run. Some seeds switch often and some rarely, because some faults need many
//             switches and others one at the right place. Time is counted in turns. When all threads wait for a
//             time, it jumps there, so that a test waits for nothing. If all wait and none for a time, the process ends
//             with a message.
// Threads     The thread that makes it belongs to it until the end of the schedule. All others have ended by then.
#pragma once

#include <cstdint>
#include <memory>
#include <semaphore>
#include <vector>

#include "base/random.h"
#include "sync/schedule.h"

namespace kvs::test {

class SeededSchedule final : public sync::Schedule {
 public:
  explicit SeededSchedule(std::uint64_t seed);
  ~SeededSchedule() override;
  SeededSchedule(const SeededSchedule&) = delete;
  SeededSchedule& operator=(const SeededSchedule&) = delete;

  void Pause() override;
  void Block(const void* object, Time deadline) override;
  void WakeOne(const void* object) override;
  void WakeAll(const void* object) override;
  Time Now() override;
  std::function<void()> BodyOf(std::function<void()> body) override;
  void NoteStarted(std::thread::id thread) override;
  void AwaitEnd(std::thread::id thread) override;

 private:
  struct Member {
    std::thread::id thread{};
    std::binary_semaphore turn{0};
    bool is_blocked = false;
    const void* blocked_on = nullptr;
    Time deadline = Time::max();  // Of the block.
    bool has_ended = false;
  };

  std::vector<Member*> Ready();
  Member* Next();
  void GiveTurnTo(Member* next);
  void End();

  // Touched by the thread that has the turn; `turn` passes the rest on.
  base::Random random_;
  const std::uint64_t pauses_per_switch_;
  Time now_{};
  std::vector<std::unique_ptr<Member>> members_;
  Member* running_;
};

}  // namespace kvs::test
