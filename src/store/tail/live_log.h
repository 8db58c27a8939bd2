// LiveLog: the log of an open store: its segments, the space that they take, and its end, all under one append lock.
//
// Design      A struct of parts. Their functions take a Held of the lock as an argument: docs/decisions.md.
#pragma once

#include "kvs/kv_store.h"
#include "store/segments/append_lock.h"
#include "store/segments/segment_table.h"
#include "store/space/health.h"
#include "store/space/space_governor.h"
#include "store/tail/log_tail.h"
#include "sync/epoch.h"

namespace kvs::store {

struct LiveLog {
  LiveLog(const KvStoreOptions& options, Health& health, sync::EpochDomain& epochs)
      : segments(epochs), space(options, health, segments), tail(segments, space) {}

  AppendLock lock;
  SegmentTable segments;
  SpaceGovernor space;
  LogTail tail;
};

}  // namespace kvs::store
