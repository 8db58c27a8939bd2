// Promised: a huge page is zeroed memory at a 2 MB boundary, and keeps its content when it becomes one page of the
// system.
#include "base/huge_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace kvs::base {
namespace {

TEST(HugePageTest, IsAlignedAndZeroed) {
  for (const auto given : {HugePage::Given::kAtOnce, HugePage::Given::kAsTouched}) {
    const HugePage page(given);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(page.data()) % HugePage::kBytes, 0U);
    EXPECT_TRUE(std::all_of(page.data(), page.data() + HugePage::kBytes, [](char byte) { return byte == 0; }));
  }
}

TEST(HugePageTest, KeepsItsContentWhenItIsUnited) {
  HugePage page(HugePage::Given::kAsTouched);
  for (std::size_t i = 0; i < HugePage::kBytes; ++i) page.data()[i] = static_cast<char>(i * i >> 8);
  page.Unite();
  for (std::size_t i = 0; i < HugePage::kBytes; ++i) ASSERT_EQ(page.data()[i], static_cast<char>(i * i >> 8));
}

TEST(HugePageTest, HasOneOwner) {
  HugePage first(HugePage::Given::kAsTouched);
  char* const data = first.data();
  data[0] = 'x';
  HugePage second(std::move(first));
  EXPECT_EQ(second.data(), data);
  HugePage third(HugePage::Given::kAsTouched);
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
  EXPECT_EQ(third.data()[0], 'x');
}

}  // namespace
}  // namespace kvs::base
