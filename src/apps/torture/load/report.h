// Report: the figures of the torture, and all violations that it found.
//
// Threads     Call anything from any thread.
// Fences      R1  the figures: relaxed. They are added up, and nothing is reached through them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "apps/torture/load/settlement.h"
#include "sync/mutex.h"

namespace kvs::torture {

enum class Figure : std::uint8_t {
  kWrites,  // Acknowledged.
  kReads,   // Compared with the ledger.
  kRefusals,
  kAudits,  // Keys that were compared after a crash, or in a copy.
  kKills,
  kStops,
  kCopies,
  kBackups,  // Proved and restored.
  kFullDisks,
  kDescriptorShortages,
  kViolations,
  kNotOpened,
  kNotResumed,
  kFigures,
};

class Report {
 public:
  explicit Report(std::uint64_t seed) : seed_(seed) {}

  void Add(Figure figure, std::uint64_t count = 1) {
    figures_[static_cast<std::size_t>(figure)].fetch_add(count, std::memory_order_relaxed);  // R1
  }
  std::uint64_t Of(Figure figure) const {
    return figures_[static_cast<std::size_t>(figure)].load(std::memory_order_relaxed);  // R1
  }

  // Each is printed when it happens, with the scene, and again at the end. Of violations that are alike only the
  // first are printed; all count.
  void Blame(const Violation& violation) KVS_EXCLUDES(mutex_);
  void BlameForNotOpening(const std::string& why) KVS_EXCLUDES(mutex_);
  void BlameForNotResuming(const std::string& why) KVS_EXCLUDES(mutex_);

  // The present activity: the file system, the options of the server, the latest events.
  void SetScene(std::string scene) KVS_EXCLUDES(mutex_);
  void NoteEvent(const std::string& event) KVS_EXCLUDES(mutex_);
  void NoteKept(const std::string& directory) KVS_EXCLUDES(mutex_);
  // Whether a place keeps its files over a loss of power. Printed immediately, and again at the end.
  void NoteVerdict(const std::string& place, const std::string& verdict) KVS_EXCLUDES(mutex_);

  std::uint64_t Faults() const { return Of(Figure::kViolations) + Of(Figure::kNotOpened) + Of(Figure::kNotResumed); }
  void PrintProgress() const;
  void PrintSummary() const KVS_EXCLUDES(mutex_);

 private:
  void Print(const std::string& text) KVS_REQUIRES(mutex_);
  std::string FiguresText() const;

  // Constant after construction.
  const std::uint64_t seed_;

  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Figure::kFigures)> figures_{};

  mutable sync::Mutex mutex_;
  std::string scene_ KVS_GUARDED_BY(mutex_);
  std::vector<std::string> events_ KVS_GUARDED_BY(mutex_);              // The last few.
  std::vector<std::string> faults_ KVS_GUARDED_BY(mutex_);              // The first few, as printed.
  std::map<std::string, std::string> verdicts_ KVS_GUARDED_BY(mutex_);  // By place.
  std::map<std::string, std::uint64_t> alike_ KVS_GUARDED_BY(mutex_);   // Violations by kind.
};

}  // namespace kvs::torture
