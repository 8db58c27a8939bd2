// HugePage: 2 MB of zeroed memory, aligned to 2 MB, so that one TLB entry covers all of it. A random access to a large
// table then costs a third less.
//
// Design      Memory comes from the kernel, because the allocator's blocks are not aligned like this. kAtOnce asks for
//             a whole large page on first touch. kAsTouched gives small pages as they are touched, so unused memory
//             costs nothing, and Unite() later makes them one page. If the kernel has no large page free, everything
//             works with small ones.
// Errors      Without memory std::bad_alloc, like any allocation. TryMap() is for callers that can do without.
#pragma once

#include <cstddef>
#include <optional>

namespace kvs::base {

class HugePage {
 public:
  static constexpr std::size_t kBytes = std::size_t{2} << 20;
  static constexpr std::size_t kSmallPageBytes = std::size_t{4} << 10;

  enum class Given { kAtOnce, kAsTouched };

  explicit HugePage(Given given);
  // nullopt: the system has no memory or no mapping left.
  static std::optional<HugePage> TryMap(Given given);
  HugePage(HugePage&& other) noexcept;
  HugePage& operator=(HugePage&& other) noexcept;
  ~HugePage();

  char* data() const { return data_; }

  // Merges small pages into one large page. Other threads may read and write meanwhile. The kernel may ignore it.
  void Unite();

 private:
  HugePage(char* data, Given given);

  char* data_;
};

}  // namespace kvs::base
