#include "apps/torture/round.h"

#include <signal.h>

#include <utility>

#include "apps/torture/load/patience.h"
#include "apps/torture/program.h"

namespace kvs::torture {
namespace {

constexpr std::chrono::seconds kOpenPatience{60};
constexpr std::chrono::seconds kEndPatience{90};
constexpr std::chrono::seconds kResumePatience{20};
constexpr std::chrono::milliseconds kResumedTime{300};  // So long no write is refused.
constexpr std::chrono::milliseconds kDownPatience{1'000};
constexpr int kStoresKept = 2;                                           // Of a round.
constexpr std::uint64_t kShortageLogBytesMax = std::uint64_t{64} << 10;  // Some hundreds of lines.

}  // namespace

Round::Round(RoundOptions options, FileSystem& file_system, Report& report, const std::atomic<bool>& is_interrupted)
    : options_(std::move(options)),
      file_system_(file_system),
      report_(report),
      is_interrupted_(is_interrupted),
      random_(options_.seed),
      victim_(options_.server_program, options_.scratch / "server.log"),
      load_(options_.connections, options_.keys, options_.seed, report) {
  std::string arguments;
  for (const std::string& argument : options_.arguments) arguments += " " + argument;
  report_.SetScene(file_system.kind() + "," + arguments);
}

void Round::Run(std::chrono::steady_clock::time_point deadline) {
  const std::uint64_t faults = report_.Faults();
  faults_kept_ = faults;
  std::filesystem::remove_all(BackupsPath());
  Start();
  AwaitLoading();
  while (!is_over_ && !is_interrupted_.load(std::memory_order_relaxed) && std::chrono::steady_clock::now() < deadline) {
    Linger(20, 600);
    Supervise();
    const Event& event = ChooseEvent();
    report_.NoteEvent(event.name);
    (this->*event.happen)();
    if (report_.Faults() > faults_kept_) Keep();
  }
  if (!is_over_) Finish();
  if (report_.Faults() > faults_kept_) Keep();
}

std::vector<std::string> Round::Arguments() const {
  std::vector<std::string> arguments = options_.arguments;
  arguments.insert(arguments.end(), {"--backup-dir", BackupsPath().string()});
  return arguments;
}

void Round::Start(std::optional<rlim_t> descriptors_max) {
  if (is_over_) return;
  const std::filesystem::path before = options_.scratch / "before";
  std::filesystem::remove_all(before);
  if (std::filesystem::exists(file_system_.store_path())) CopyDirectory(file_system_.store_path(), before);
  victim_.Start(file_system_.store_path(), Arguments(), descriptors_max);
  const auto address = victim_.AwaitAddress(kOpenPatience);
  if (!address) {
    report_.BlameForNotOpening(victim_.LastWords());
    Keep();
    return StartAnew();
  }
  address_ = *address;
  load_.Connect(address_, load_.rule());
}

void Round::StartAnew() {
  victim_.Signal(SIGKILL);
  victim_.AwaitEnd(kEndPatience);
  if (file_system_.is_mounted()) file_system_.Relieve();
  std::filesystem::remove_all(file_system_.store_path());
  std::filesystem::remove_all(BackupsPath());
  load_.Forget();
  victim_.Start(file_system_.store_path(), Arguments());
  const auto address = victim_.AwaitAddress(kOpenPatience);
  is_over_ = !address;
  if (!address) return report_.BlameForNotOpening("not even a new store: " + victim_.LastWords());
  address_ = *address;
  load_.Connect(address_, Rule::kFirstOnes);
}

void Round::End(int signal) {
  victim_.Signal(signal);
  report_.Add(signal == SIGKILL ? Figure::kKills : Figure::kStops);
  const auto ending = victim_.AwaitEnd(kEndPatience);
  if (!ending) {
    report_.Blame({"the server does not end", "signal " + std::to_string(signal), "an end", victim_.LastWords()});
    victim_.Signal(SIGKILL);
    victim_.AwaitEnd(kEndPatience);
  } else if (signal == SIGTERM && *ending != "exit code 0" && load_.rule() == Rule::kFirstOnes) {
    report_.Blame({"a clean stop failed", "SIGTERM", "exit code 0", *ending + ": " + victim_.LastWords()});
  }
  load_.Disconnect();
}

void Round::AwaitLoading() {
  Await([&] { return load_.AreAllLoading() || load_.IsAnyDown() || victim_.HasEnded(); }, kLinkPatience);
}

void Round::Supervise() {
  if (is_over_) return;
  if (victim_.HasEnded()) {
    report_.Blame({"the server ended by itself", "process", "a running server",
                   victim_.AwaitEnd(kEndPatience).value_or("") + ": " + victim_.LastWords()});
  } else if (!load_.IsAnyDown()) {
    return;
  } else if (!Await([&] { return victim_.HasEnded(); }, kDownPatience)) {
    report_.Blame({"the server ended a connection", "connection", "an open one", victim_.LastWords()});
  }
  Keep();
  End(SIGKILL);
  Start();
  AwaitLoading();
}

void Round::Finish() {
  Supervise();
  End(SIGTERM);
  Start();
  AwaitLoading();
  Supervise();
  End(SIGTERM);
  Verify(file_system_.store_path(), "the store at the end");
}

void Round::BeginShortage(bool removals_may_fail) {
  log_bytes_before_ = victim_.LogBytes();
  load_.conditions().writes_may_fail.store(true, std::memory_order_relaxed);                 // R1 of Conditions.
  load_.conditions().removals_may_fail.store(removals_may_fail, std::memory_order_relaxed);  // R1 of Conditions.
}

void Round::EndShortage() {
  SetMode(Mode::kMixed);
  CheckLog();
  if (victim_.HasEnded()) {
    Supervise();
  } else if (!Resumes()) {
    report_.BlameForNotResuming(victim_.LastWords());
    Keep();
    End(SIGKILL);
    Start();
    AwaitLoading();
    if (!Resumes()) {
      report_.BlameForNotResuming("not even after a restart: " + victim_.LastWords());
      End(SIGKILL);
      StartAnew();
      AwaitLoading();
    }
  }
  load_.conditions().writes_may_fail.store(false, std::memory_order_relaxed);    // R1 of Conditions.
  load_.conditions().removals_may_fail.store(false, std::memory_order_relaxed);  // R1 of Conditions.
}

void Round::CheckLog() {
  const std::uint64_t bytes = victim_.LogBytes() - log_bytes_before_;
  if (bytes <= kShortageLogBytesMax) return;
  report_.Blame({"a shortage floods the log", "log", "at most " + std::to_string(kShortageLogBytesMax) + " bytes",
                 std::to_string(bytes) + " bytes: " + victim_.LastWords()});
}

// Whether writes are refused no longer. A file system may give room back in parts (btrfs), so that one write that
// succeeds says little.
bool Round::Resumes() {
  const auto deadline = std::chrono::steady_clock::now() + kResumePatience;
  std::vector<std::uint64_t> turns = load_.CleanTurns();
  std::uint64_t refusals = report_.Of(Figure::kRefusals);
  while (std::chrono::steady_clock::now() < deadline && !victim_.HasEnded()) {
    Await([&] { return victim_.HasEnded(); }, kResumedTime);
    if (report_.Of(Figure::kRefusals) > refusals) {
      turns = load_.CleanTurns();
      refusals = report_.Of(Figure::kRefusals);
    } else if (load_.HaveCleanTurnsSince(turns)) {
      return true;
    }
  }
  return false;
}

void Round::Linger(std::uint64_t ms_min, std::uint64_t ms_max) {
  const std::chrono::milliseconds patience(ms_min + random_.Below(ms_max - ms_min + 1));
  Await([&] { return is_interrupted_.load(std::memory_order_relaxed) || victim_.HasEnded(); }, patience);
}

bool Round::CopyDirectory(const std::filesystem::path& from, const std::filesystem::path& to) const {
  return RunProgram({"/bin/cp", "-a", "--sparse=always", from.string(), to.string()}).exit_code == 0;
}

void Round::Keep() {
  const std::uint64_t faults = report_.Faults();
  if (std::exchange(faults_kept_, faults) == faults || stores_kept_ == kStoresKept) return;
  ++stores_kept_;
  const std::filesystem::path kept = options_.kept / (std::to_string(options_.seed) + "-" + std::to_string(faults));
  std::filesystem::create_directories(kept);
  victim_.Pause();
  CopyDirectory(file_system_.store_path(), kept / "now");
  victim_.Continue();
  for (const char* const name : {"before", "copy"}) {
    if (std::filesystem::exists(options_.scratch / name)) CopyDirectory(options_.scratch / name, kept / name);
  }
  CopyDirectory(options_.scratch / "server.log", kept / "server.log");
  report_.NoteKept(kept.string());
}

}  // namespace kvs::torture
