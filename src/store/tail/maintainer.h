// Maintainer: does the file operations at the end of the log, so that writers need not wait for them.
//
// Design      Two threads. The first takes more room, prepares the next segment, holds the reserve and reports news to
//             the log: writers may be waiting for its work. The second seals full segments and writes their hint files,
//             and waits for the disk as long as that takes. Removals and sealing may use the reserve.
// Errors      A failure that passes (base::IsPassing) is tried again when the RoomState says. Others poison the store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/tunable.h"
#include "io/file_system.h"
#include "kvs/function_ref.h"
#include "kvs/kv_store.h"
#include "store/segments/manifest_keeper.h"
#include "store/space/health.h"
#include "store/space/reserve.h"
#include "store/tail/live_log.h"

namespace kvs::store {

class Maintainer {
 public:
  Maintainer(LiveLog& log, ManifestKeeper& manifest, Health& health, io::FileSystem& files, Reserve& reserve,
             std::filesystem::path directory, const KvStoreOptions& options);

  Status Start();  // kNoSpace.
  void Join();     // LiveLog::Stop() came before.

 private:
  KVS_TUNABLE(unsigned, kSegmentsPerCheck, 16, 1, 64);

  using Job = RoomState::Job;
  struct Task {
    std::optional<LogTail::Work> work;
    std::vector<std::string> news;
    bool is_last = false;
  };
  void Run(Job job);
  Task NextTask(Job job) KVS_EXCLUDES(log_.lock);
  Status Do(const LogTail::Work& work);
  Status HoldReserve(std::uint64_t bytes);
  // Calls again with the room of the reserve where the disk is full, if `work` may.
  Status CallOrUseReserve(const LogTail::Work& work, FunctionRef<Status()> call);
  Status Extend(const LogTail::Work& work);
  Status PrepareNext(const LogTail::Work& work);
  Result<std::unique_ptr<log::SegmentWriter>> CreateNext(const LogTail::Work& work, const log::SegmentHeader& header,
                                                         std::optional<std::uint64_t> replaced_id);
  Status Seal(const LogTail::Work& work);

  // Constant after construction.
  LiveLog& log_;
  ManifestKeeper& manifest_;
  Health& health_;
  io::FileSystem& files_;
  Reserve& reserve_;
  const std::filesystem::path directory_;
  const KvStoreOptions& options_;

  unsigned unchecked_segments_ = 0;  // Made since the free mappings were looked at. Of the thread for room.
  std::thread room_thread_;
  std::thread seal_thread_;
};

// Writes the hint file of a sealed segment and returns its length. 0: there is none, because it would be large for the
// segment, could not be written, or because the reserve is given up and compaction may need the room and the inode. The
// next opening then reads the segment itself. Throws nothing, because the manifest names the segment already.
std::uint64_t WriteHint(io::FileSystem& files, const std::filesystem::path& directory, const log::Segment& segment,
                        const log::HintOutline& outline, LiveLog& log);

}  // namespace kvs::store
