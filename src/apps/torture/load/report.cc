#include "apps/torture/load/report.h"

#include <cstdio>
#include <utility>

namespace kvs::torture {
namespace {

constexpr std::size_t kEventsKept = 12;
// A broken store can violate its promises a million times.
constexpr std::size_t kFaultsKept = 40;
constexpr std::uint64_t kAlikePrinted = 2;

constexpr std::pair<Figure, const char*> kNames[] = {
    {Figure::kWrites, "writes acknowledged"},
    {Figure::kReads, "reads checked"},
    {Figure::kAudits, "keys checked after crashes and in copies"},
    {Figure::kRefusals, "writes refused while something was short"},
    {Figure::kKills, "kills"},
    {Figure::kStops, "clean stops"},
    {Figure::kCopies, "copies"},
    {Figure::kBackups, "backups restored"},
    {Figure::kFullDisks, "full disks"},
    {Figure::kDescriptorShortages, "shortages of descriptors"},
    {Figure::kViolations, "violations"},
    {Figure::kNotOpened, "stores that did not open"},
    {Figure::kNotResumed, "stores that did not resume"},
};

}  // namespace

void Report::Blame(const Violation& violation) {
  Add(Figure::kViolations);
  const sync::MutexLock lock(mutex_);
  if (++alike_[violation.what] > kAlikePrinted) return;
  Print("VIOLATION: " + violation.what + ": " + violation.key + "\n    expected: " + violation.expected +
        "\n    found: " + violation.found);
}

void Report::BlameForNotOpening(const std::string& why) {
  Add(Figure::kNotOpened);
  const sync::MutexLock lock(mutex_);
  Print("NOT OPENED: " + why);
}

void Report::BlameForNotResuming(const std::string& why) {
  Add(Figure::kNotResumed);
  const sync::MutexLock lock(mutex_);
  Print("NOT RESUMED: " + why);
}

void Report::SetScene(std::string scene) {
  const sync::MutexLock lock(mutex_);
  scene_ = std::move(scene);
  events_.clear();
  alike_.clear();
}

void Report::NoteEvent(const std::string& event) {
  const sync::MutexLock lock(mutex_);
  if (events_.size() == kEventsKept) events_.erase(events_.begin());
  events_.push_back(event);
}

void Report::NoteKept(const std::string& directory) {
  const sync::MutexLock lock(mutex_);
  std::fprintf(stderr, "    kept: %s\n", directory.c_str());
  if (!faults_.empty()) faults_.back() += "\n    kept: " + directory;
}

void Report::NoteVerdict(const std::string& place, const std::string& verdict) {
  const sync::MutexLock lock(mutex_);
  verdicts_[place] = verdict;
  std::printf("%s: %s\n", place.c_str(), verdict.c_str());
  std::fflush(stdout);
}

void Report::Print(const std::string& text) {
  std::string whole = text + "\n    seed " + std::to_string(seed_) + ", " + scene_ + "\n    events:";
  for (const std::string& event : events_) whole += " " + event;
  if (faults_.size() == kFaultsKept) return;
  std::fprintf(stderr, "%s\n", whole.c_str());
  faults_.push_back(std::move(whole));
}

std::string Report::FiguresText() const {
  std::string text;
  for (const auto& [figure, name] : kNames) {
    text += (text.empty() ? "" : ", ") + std::to_string(Of(figure)) + " " + name;
  }
  return text;
}

void Report::PrintProgress() const {
  std::printf("%s\n", FiguresText().c_str());
  std::fflush(stdout);
}

void Report::PrintSummary() const {
  const sync::MutexLock lock(mutex_);
  for (const std::string& fault : faults_) std::printf("\n%s\n", fault.c_str());
  std::printf("\nseed %llu\n", static_cast<unsigned long long>(seed_));
  for (const auto& [figure, name] : kNames) {
    std::printf("%12llu  %s\n", static_cast<unsigned long long>(Of(figure)), name);
  }
  for (const auto& [place, verdict] : verdicts_) std::printf("%s: %s\n", place.c_str(), verdict.c_str());
  std::fflush(stdout);
}

}  // namespace kvs::torture
