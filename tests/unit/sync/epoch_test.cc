// Promised: an epoch is past exactly when no thread still pins it or an earlier one. The test pins and unpins in known
// orders, from one thread and from several that meet at latches.
#include "sync/epoch.h"

#include <gtest/gtest.h>

#include <latch>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace kvs::sync {
namespace {

constexpr std::uint64_t kNobody = std::numeric_limits<std::uint64_t>::max();

// A guard whose end the test chooses.
std::unique_ptr<EpochGuard> Hold(EpochDomain& domain) { return std::make_unique<EpochGuard>(domain.Pin()); }

TEST(EpochDomainTest, WithoutReadersEveryEndedEpochIsPast) {
  EpochDomain domain;
  EXPECT_EQ(domain.OldestPinned(), kNobody);
  EXPECT_TRUE(domain.IsPast(domain.EndEpoch()));
}

TEST(EpochDomainTest, EpochsCountUp) {
  EpochDomain domain;
  const std::uint64_t first = domain.EndEpoch();
  EXPECT_GT(first, 0U);  // 0 in a slot means "not pinned".
  EXPECT_EQ(domain.EndEpoch(), first + 1);
}

TEST(EpochDomainTest, AReaderHoldsTheEpochThatItPinnedUntilItsGuardEnds) {
  EpochDomain domain;
  std::uint64_t ended = 0;
  {
    const EpochGuard guard = domain.Pin();
    ended = domain.EndEpoch();
    EXPECT_FALSE(domain.IsPast(ended));
  }
  EXPECT_TRUE(domain.IsPast(ended));
}

TEST(EpochDomainTest, ALaterReaderDoesNotHoldAnEarlierEpoch) {
  EpochDomain domain;
  const std::uint64_t before = domain.EndEpoch();
  const EpochGuard guard = domain.Pin();
  EXPECT_TRUE(domain.IsPast(before));
  EXPECT_FALSE(domain.IsPast(domain.EndEpoch()));
}

TEST(EpochDomainTest, NestedGuardsHoldTheEpochOfTheOutermost) {
  EpochDomain domain;
  std::unique_ptr<EpochGuard> outer = Hold(domain);
  const std::uint64_t ended = domain.EndEpoch();
  std::unique_ptr<EpochGuard> inner = Hold(domain);
  EXPECT_FALSE(domain.IsPast(ended));
  inner.reset();
  EXPECT_FALSE(domain.IsPast(ended));
  outer.reset();
  EXPECT_TRUE(domain.IsPast(ended));
}

TEST(EpochDomainTest, GuardsMayEndInAnyOrder) {
  EpochDomain domain;
  std::unique_ptr<EpochGuard> first = Hold(domain);
  std::unique_ptr<EpochGuard> second = Hold(domain);
  const std::uint64_t ended = domain.EndEpoch();
  first.reset();
  EXPECT_FALSE(domain.IsPast(ended));
  second.reset();
  EXPECT_TRUE(domain.IsPast(ended));
}

TEST(EpochDomainTest, AMovedGuardPinsOnce) {
  EpochDomain domain;
  std::unique_ptr<EpochGuard> target;
  std::uint64_t ended = 0;
  {
    EpochGuard source = domain.Pin();
    ended = domain.EndEpoch();
    target = std::make_unique<EpochGuard>(std::move(source));
  }
  EXPECT_FALSE(domain.IsPast(ended));
  target.reset();
  EXPECT_TRUE(domain.IsPast(ended));
}

TEST(EpochDomainTest, DomainsAreIndependent) {
  EpochDomain one;
  EpochDomain other;
  const EpochGuard guard = one.Pin();
  EXPECT_TRUE(other.IsPast(other.EndEpoch()));
}

TEST(EpochDomainTest, TheSlowestOfManyReadersDecides) {
  constexpr std::size_t kReaders = 150;  // More than two chunks of slots.
  EpochDomain domain;
  std::latch all_pinned(kReaders);
  std::latch most_may_go(1);
  std::latch last_may_go(1);
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, is_last = i == kReaders / 2] {
      const EpochGuard guard = domain.Pin();
      all_pinned.count_down();
      (is_last ? last_may_go : most_may_go).wait();
    });
  }
  all_pinned.wait();
  const std::uint64_t ended = domain.EndEpoch();
  EXPECT_FALSE(domain.IsPast(ended));
  most_may_go.count_down();
  for (std::size_t i = 0; i < kReaders; ++i) {
    if (i != kReaders / 2) readers[i].join();
  }
  EXPECT_FALSE(domain.IsPast(ended));
  last_may_go.count_down();
  readers[kReaders / 2].join();
  EXPECT_TRUE(domain.IsPast(ended));
}

TEST(EpochDomainTest, AThreadThatTakesOverANumberStartsUnpinned) {
  EpochDomain domain;
  for (int i = 0; i < 1'000; ++i) {  // One after the other: the same number each time.
    std::thread([&domain] {
      const EpochGuard outer = domain.Pin();
      const EpochGuard inner = domain.Pin();
    }).join();
    ASSERT_TRUE(domain.IsPast(domain.EndEpoch()));
  }
}

TEST(EpochDomainDeathTest, ADomainThatEndsUnderAReaderIsCaught) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        std::optional<EpochDomain> domain(std::in_place);
        const EpochGuard guard = domain->Pin();
        domain.reset();
      },
      "OldestPinned");
}

// Pins when its thread ends.
struct LatePin {
  ~LatePin() {
    if (domain == nullptr) return;
    const EpochGuard guard = domain->Pin();
    was_held = !domain->IsPast(domain->EndEpoch());
  }
  EpochDomain* domain = nullptr;
  static inline bool was_held = false;
};

TEST(EpochDomainTest, DestructorOfAThreadLocalMayPin) {
  EpochDomain domain;
  for (const bool pins_before : {true, false}) {
    LatePin::was_held = false;
    std::thread([&] {
      static thread_local LatePin late;  // Made before the thread's first pin, hence destroyed after that of the pin.
      late.domain = &domain;
      if (pins_before) static_cast<void>(domain.Pin());
    }).join();
    EXPECT_TRUE(LatePin::was_held);
    EXPECT_EQ(domain.OldestPinned(), kNobody);
  }
}

}  // namespace
}  // namespace kvs::sync
