// Promised: adding a key waits for no listener. Keys are published in their order, each of them once. Publish() empties
// the queue, and the queue has a limit.
#include "observers/expired_events.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kvs::server {
namespace {

TEST(ExpiredEventsTest, AddingWaitsForNoListener) {
  std::mutex listener;
  std::vector<std::string> published;
  ExpiredEvents events([&](std::string_view key) {
    const std::lock_guard lock(listener);
    published.emplace_back(key);
  });
  events.Start();
  {
    const std::lock_guard is_slow(listener);
    for (int i = 0; i < 1'000; ++i) events.Add(std::to_string(i));
  }
  events.Publish();
  ASSERT_EQ(published.size(), 1'000U);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(published[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST(ExpiredEventsTest, TheThreadPublishesByItself) {
  std::mutex mutex;
  std::condition_variable all_there;
  std::size_t published = 0;
  ExpiredEvents events([&](std::string_view) {
    const std::lock_guard lock(mutex);
    ++published;
    all_there.notify_one();
  });
  events.Start();
  events.Start();
  events.Add("a");
  events.Add("b");
  std::unique_lock lock(mutex);
  all_there.wait(lock, [&] { return published == 2; });
}

TEST(ExpiredEventsTest, PublishWaitsForKeysThatAnotherPublishes) {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_publishing = false;
  std::vector<std::string> published;
  ExpiredEvents events([&](std::string_view key) {
    std::unique_lock lock(mutex);
    is_publishing = true;
    changed.notify_all();
    published.emplace_back(key);
  });
  events.Add("first");
  std::thread other([&] { events.Publish(); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return is_publishing; });
  }
  events.Add("second");
  events.Publish();
  {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(published, (std::vector<std::string>{"first", "second"}));
  }
  other.join();
}

TEST(ExpiredEventsTest, AFullQueueDropsAndCounts) {
  std::size_t published = 0;
  ExpiredEvents events([&](std::string_view) { ++published; });
  const std::string key(60'000, 'k');
  for (int i = 0; i < 1'000; ++i) events.Add(key);
  EXPECT_GT(events.dropped(), 0U);
  events.Publish();
  EXPECT_EQ(published + events.dropped(), 1'000U);
  events.Add("room again");
  events.Publish();
  EXPECT_EQ(published + events.dropped(), 1'001U);
}

}  // namespace
}  // namespace kvs::server
