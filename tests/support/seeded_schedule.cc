#include "support/seeded_schedule.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/check.h"

namespace kvs::test {
namespace {

constexpr std::chrono::microseconds kTurn{1};
constexpr sync::Schedule::Time kBegin{std::chrono::hours(1)};
constexpr std::uint64_t kSwitchingSeldomest = 6;  // At one pause of two to the power of that.

}  // namespace

SeededSchedule::SeededSchedule(std::uint64_t seed)
    : random_(seed), pauses_per_switch_(std::uint64_t{1} << random_.Below(kSwitchingSeldomest + 1)), now_(kBegin) {
  KVS_CHECK(OfThisThread() == nullptr);
  members_.push_back(std::make_unique<Member>());
  running_ = members_.back().get();
  running_->thread = std::this_thread::get_id();
  of_this_thread_ = this;
}

SeededSchedule::~SeededSchedule() {
  for (const auto& member : members_) KVS_CHECK(member.get() == running_ || member->has_ended);
  of_this_thread_ = nullptr;
}

void SeededSchedule::Pause() {
  now_ += kTurn;
  if (random_.OneIn(pauses_per_switch_)) GiveTurnTo(Next());
}

void SeededSchedule::Block(const void* object, Time deadline) {
  now_ += kTurn;
  running_->is_blocked = true;
  running_->blocked_on = object;
  running_->deadline = deadline;
  GiveTurnTo(Next());
}

void SeededSchedule::WakeOne(const void* object) {
  std::vector<Member*> waiting;
  for (const auto& member : members_) {
    if (member->is_blocked && member->blocked_on == object) waiting.push_back(member.get());
  }
  if (!waiting.empty()) waiting[random_.Below(waiting.size())]->is_blocked = false;
}

void SeededSchedule::WakeAll(const void* object) {
  for (const auto& member : members_) {
    if (member->blocked_on == object) member->is_blocked = false;
  }
}

sync::Schedule::Time SeededSchedule::Now() { return now_ += kTurn; }

std::function<void()> SeededSchedule::BodyOf(std::function<void()> body) {
  members_.push_back(std::make_unique<Member>());
  return [this, own = members_.back().get(), body = std::move(body)] {
    own->turn.acquire();
    of_this_thread_ = this;
    body();
    End();
  };
}

void SeededSchedule::NoteStarted(std::thread::id thread) {
  members_.back()->thread = thread;
  if (thread == std::thread::id()) members_.pop_back();
}

// The system may give the number of an ended thread to another: the last one with it is meant.
void SeededSchedule::AwaitEnd(std::thread::id thread) {
  const auto found =
      std::find_if(members_.rbegin(), members_.rend(), [&](const auto& member) { return member->thread == thread; });
  KVS_CHECK(found != members_.rend());
  const Member* const other = found->get();
  while (!other->has_ended) Block(other, Time::max());
}

void SeededSchedule::End() {
  of_this_thread_ = nullptr;
  running_->has_ended = true;
  WakeAll(running_);
  Member* const next = Next();
  running_ = next;
  next->turn.release();
}

std::vector<SeededSchedule::Member*> SeededSchedule::Ready() {
  std::vector<Member*> ready;
  for (const auto& member : members_) {
    if (!member->has_ended && (!member->is_blocked || member->deadline <= now_)) ready.push_back(member.get());
  }
  return ready;
}

SeededSchedule::Member* SeededSchedule::Next() {
  std::vector<Member*> ready = Ready();
  if (ready.empty()) {
    for (const auto& member : members_) {
      if (!member->has_ended && (ready.empty() || member->deadline < ready.front()->deadline)) ready = {member.get()};
    }
    now_ = ready.front()->deadline;
    if (now_ == Time::max()) {
      std::fputs("all threads of the schedule wait for each other\n", stderr);
      std::abort();
    }
  }
  return ready[random_.Below(ready.size())];
}

void SeededSchedule::GiveTurnTo(Member* next) {
  Member* const own = running_;
  if (next != own) {
    running_ = next;
    next->turn.release();
    own->turn.acquire();
  }
  own->is_blocked = false;
  own->blocked_on = nullptr;
}

}  // namespace kvs::test
