#include "store/expiry/clock_keeper.h"

#include <optional>
#include <string>

#include "base/probe.h"
#include "base/tunable.h"
#include "log/file_names.h"
#include "store/segments/store_files.h"
#include "sync/schedule.h"

namespace kvs::store {
namespace {

constexpr std::chrono::milliseconds kReportAgain{10'000};
KVS_TUNABLE(std::chrono::milliseconds, kSaveAgain, 1'000, 1, 2'000);

}  // namespace

ClockKeeper::Found ClockKeeper::Load() {
  const auto exists = files_.Exists(log::ClockPath(directory_));
  if (!exists || !*exists) {
    clock_.Start(std::nullopt);
    return Found::kNothing;
  }
  const auto saved = ReadClockFile(files_, directory_);
  KVS_PROBE_IF(!saved, "clock file is not readable");
  if (!saved && options_.log) options_.log("the clock of spans of time begins anew: " + saved.error().ToString());
  is_foreign_ = !saved && saved.error().code == ErrorCode::kUnsupported;
  clock_.Start(saved ? std::optional(*saved) : std::nullopt);
  return Found::kFile;
}

bool ClockKeeper::IsSavingDue() const {
  if (health_.is_poisoned() || !clock_.NeedsSaving()) return false;
  return sync::SteadyClock::now() >= retry_at_;
}

void ClockKeeper::Save() {
  if (health_.is_poisoned()) return;
  const Status saved = is_foreign_ ? Ok() : WriteClockFile(files_, directory_, clock_.Snapshot());
  KVS_PROBE_IF(!saved, "clock file is not written");
  if (saved) {
    clock_.NoteSaved();
  } else if (retry_at_ == Time{} && options_.log) {
    options_.log("the clock of spans of time is not saved: " + saved.error().ToString());
  }
  retry_at_ = saved ? Time{} : sync::SteadyClock::now() + kSaveAgain;
}

void ClockKeeper::ReportSteps() {
  const Time now = sync::SteadyClock::now();
  if (now < reported_until_) return;
  const ExpiryClock::Steps steps = clock_.TakeSteps();
  if (steps.count == 0) return;
  KVS_PROBE("wall clock was set");
  reported_until_ = now + kReportAgain;
  if (!options_.log) return;
  options_.log("the wall clock was set by " + std::to_string(steps.sum_ms) + " ms in " + std::to_string(steps.count) +
               (steps.count == 1 ? " step" : " steps") +
               ": pairs that expire at a point in time follow it, spans of time keep their length");
}

}  // namespace kvs::store
