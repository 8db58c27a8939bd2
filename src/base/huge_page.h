// HugePage: 2 MB of zeroed memory that begins at a 2 MB boundary, so that one entry of the processor's address cache
// covers all of it. A random access to a large table costs a third less that way.
//
// Design      Memory is asked from the kernel, not from the allocator, whose blocks do not begin at such a boundary.
//             The kernel gives it either whole, by the first touch, or in small pages as they are touched, so that
//             what is never used costs nothing; those become one page by Unite(). Where the kernel has no large pages
//             free, all of it works with small ones.
// Errors      Without memory std::bad_alloc, as with any allocation; TryMap() is for callers that can do without.
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

  // Makes one page of many small ones. Others may read and write meanwhile; a hint, which the kernel may not follow.
  void Unite();

 private:
  HugePage(char* data, Given given);

  char* data_;
};

}  // namespace kvs::base
