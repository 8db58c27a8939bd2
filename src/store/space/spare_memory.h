// SpareMemory: memory that is taken before a record is appended, and given up if the change of the index needs it. So
// the index and the log never differ because memory ran out between the two.
//
// Design      The pages are never touched, so they cost address space but no memory.
// Threads     One thread at a time.
#pragma once

#include <cstddef>
#include <vector>

#include "base/huge_page.h"

namespace kvs::store {

class SpareMemory {
 public:
  // The most that a run of sets takes, with a wide margin.
  static constexpr std::size_t kPages = 4;
  // This many members of a batch take one page, including old nodes that readers may still use.
  static constexpr std::size_t kMembersPerPage = 8'192;

  // Holds exactly `pages` from now on. False: the system has no memory left.
  bool Hold(std::size_t pages) {
    while (pages_.size() > pages) pages_.pop_back();
    pages_.reserve(pages);
    while (pages_.size() < pages) {
      auto page = base::HugePage::TryMap(base::HugePage::Given::kAsTouched);
      if (!page) return false;
      pages_.push_back(*std::move(page));
    }
    return true;
  }

  void GiveUp() { pages_.clear(); }
  std::size_t pages() const { return pages_.size(); }

 private:
  std::vector<base::HugePage> pages_;
};

}  // namespace kvs::store
