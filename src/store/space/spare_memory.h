// SpareMemory: memory that is asked for before a record is appended, and given up for what must follow, so that the
// index and the log never tell different things because memory has run out in between.
//
// Design      Pages that nobody touches: they cost address space, and no memory.
// Threads     One at a time.
#pragma once

#include <cstddef>
#include <vector>

#include "base/huge_page.h"

namespace kvs::store {

class SpareMemory {
 public:
  // What a run of sets takes at most, with a wide margin.
  static constexpr std::size_t kPages = 4;
  // So many members of a batch take a page, with the nodes that wait for readers.
  static constexpr std::size_t kMembersPerPage = 8'192;

  // Holds `pages` from now on, no more and no fewer. False: the system has none left.
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
