#include "index/retire_list.h"

#include <new>
#include <utility>

#include "base/probe.h"

namespace kvs::index {

void RetireList::Collect(std::size_t group, FunctionRef<void(RetiredNode)> free) {
  if (fresh_.size() < group || !AddGroup()) return;
  waiting_.back() = {epochs_.EndEpoch(), std::exchange(fresh_, {})};
  const std::uint64_t oldest_pinned = epochs_.OldestPinned();
  KVS_PROBE_IF(waiting_.front().epoch >= oldest_pinned, "reader holds back retired nodes");
  while (!waiting_.empty() && waiting_.front().epoch < oldest_pinned) {
    for (const RetiredNode node : waiting_.front().nodes) free(node);
    waiting_.pop_front();
  }
}

bool RetireList::AddGroup() {
  try {
    waiting_.emplace_back();
    return true;
  } catch (const std::bad_alloc&) {
    KVS_PROBE("no memory to retire a group of nodes");
    return false;
  }
}

void RetireList::Drain(FunctionRef<void(RetiredNode)> free) {
  for (const Group& group : waiting_) {
    for (const RetiredNode node : group.nodes) free(node);
  }
  for (const RetiredNode node : fresh_) free(node);
  waiting_.clear();
  fresh_.clear();
}

}  // namespace kvs::index
