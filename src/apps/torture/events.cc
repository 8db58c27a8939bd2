#include <signal.h>

#include <algorithm>
#include <string>
#include <utility>

#include "apps/torture/load/patience.h"
#include "apps/torture/program.h"
#include "apps/torture/round.h"
#include "base/check.h"

namespace kvs::torture {
namespace {

constexpr std::chrono::seconds kOpenPatience{60};
constexpr std::chrono::seconds kEndPatience{90};
constexpr std::chrono::seconds kGrowPatience{10};
constexpr rlim_t kFewDescriptors = 100;
constexpr int kIdlers = 150;  // More than kFewDescriptors.
constexpr int kStartsKilledMax = 4;

// Backups that were interrupted are named "000003.partial".
bool HasBackups(const std::filesystem::path& directory) {
  std::error_code error;
  const std::filesystem::directory_iterator files(directory, error);
  return std::any_of(begin(files), end(files), [](const std::filesystem::directory_entry& file) {
    return file.is_directory() && !file.path().has_extension();
  });
}

// Sends a command, and does not wait for its answer.
void Send(const Address& address, const std::vector<std::string_view>& words) {
  std::string request;
  AppendCommand(request, words);
  const std::atomic<bool> gives_up{true};
  auto link = Link::Connect(address);
  if (link)
    link->Exchange(
        request, 1, [](std::string_view) {}, gives_up);
}

}  // namespace

const std::vector<Round::Event>& Round::Events() {
  // Kills are the cheapest, and each finds the store in another state.
  static const std::vector<Event> kEvents = {
      {"kill", 10, false, &Round::Kill},
      {"kill-starting", 4, false, &Round::KillWhileStarting},
      {"kill-compacting", 4, false, &Round::KillWhileCompacting},
      {"kill-stopping", 4, false, &Round::KillWhileStopping},
      {"kill-backup", 3, false, &Round::KillWhileBackingUp},
      {"restart", 4, false, &Round::Restart},
      {"copy", 6, false, &Round::Copy},
      {"full-disk", 4, true, &Round::FillDisk},
      {"full-by-load", 2, true, &Round::FillDiskByLoad},
      {"greedy-disk", 2, true, &Round::FillDiskGreedily},
      {"no-inodes", 2, true, &Round::TakeInodes},
      {"file-size", 2, false, &Round::LimitFileSize},
      {"few-descriptors", 1, false, &Round::StartWithFewDescriptors},
      {"no-descriptors", 2, false, &Round::TakeDescriptors},
  };
  return kEvents;
}

std::vector<std::string> Round::EventNames() {
  std::vector<std::string> names;
  for (const Event& event : Events()) names.emplace_back(event.name);
  return names;
}

const Round::Event& Round::ChooseEvent() {
  std::vector<const Event*> events;
  for (const Event& event : Events()) {
    const auto& names = options_.event_names;
    if (event.needs_mount && !file_system_.is_mounted()) continue;
    if (std::find(names.begin(), names.end(), event.name) == names.end()) continue;
    events.insert(events.end(), event.weight, &event);
  }
  KVS_CHECK(!events.empty());
  return *events[random_.Below(events.size())];
}

void Round::Kill() {
  End(SIGKILL);
  Start();
  if (!random_.OneIn(4)) AwaitLoading();  // Otherwise the next event may find the audit.
}

void Round::KillWhileStarting() {
  End(SIGKILL);
  for (std::uint64_t left = 1 + random_.Below(kStartsKilledMax); left > 0; --left) {
    victim_.Start(file_system_.store_path(), options_.arguments);
    Linger(0, 60);
    End(SIGKILL);
  }
  Start();
  AwaitLoading();
}

void Round::KillWhileCompacting() {
  Send(address_, {"KVS.COMPACT"});
  Linger(0, 150);
  Kill();
}

void Round::KillWhileStopping() {
  victim_.Signal(SIGTERM);
  Await([&] { return victim_.HasEnded(); }, std::chrono::milliseconds(random_.Below(60)));
  Kill();
}

void Round::KillWhileBackingUp() {
  Send(address_, {"KVS.BACKUP", "CREATE"});
  Linger(0, 300);
  Kill();
  CheckBackups();
}

void Round::CheckBackups() {
  const std::string backups = BackupsPath().string();
  const std::string restored = (options_.scratch / "restored").string();
  if (!HasBackups(backups)) return;
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), options_.backup_program);
    const Outcome outcome = RunProgram(words);
    if (outcome.exit_code != 0) report_.Blame({"a backup is no good", words[1], "exit code 0", outcome.output});
    return outcome.exit_code == 0;
  };
  std::filesystem::remove_all(restored);
  if (!run({"verify", backups}) || !run({"restore", backups, restored})) return;
  if (!run({"prune", backups, "--keep", "3"})) return;
  Verify(restored, "a restored backup");
  std::filesystem::remove_all(restored);
  report_.Add(Figure::kBackups);
}

void Round::Restart() {
  End(SIGTERM);
  Start();
  AwaitLoading();
}

void Round::Copy() {
  const std::filesystem::path copy = options_.scratch / "copy";
  std::filesystem::remove_all(copy);
  victim_.Pause();
  std::vector<Ledger> ledgers = load_.Snapshot();
  const Rule rule = load_.rule();
  const bool is_copied = CopyDirectory(file_system_.store_path(), copy);
  victim_.Continue();
  if (!is_copied) return report_.NoteEvent("(cp failed)");
  report_.Add(Figure::kCopies);
  const std::uint64_t faults = report_.Faults();
  CheckCopy(ledgers, rule);
  if (report_.Faults() == faults) std::filesystem::remove_all(copy);
}

// Twice: the second opening finds the state that the first one left, and nothing is in flight. The copy is unchanged.
void Round::CheckCopy(std::vector<Ledger>& ledgers, Rule rule) {
  const std::filesystem::path copy = options_.scratch / "opened";
  std::filesystem::remove_all(copy);
  if (!CopyDirectory(options_.scratch / "copy", copy)) return report_.NoteEvent("(cp failed)");
  Verify(copy, "a copy");
  Victim server(options_.server_program, options_.scratch / "copy.log");
  for (const int signal : {random_.OneIn(2) ? SIGKILL : SIGTERM, SIGKILL}) {
    server.Start(copy, options_.arguments);
    const auto address = server.AwaitAddress(kOpenPatience);
    if (!address) return report_.BlameForNotOpening("a copy: " + server.LastWords());
    AuditCopy(*address, ledgers, std::exchange(rule, Rule::kFirstOnes));
    server.Signal(signal);
    server.AwaitEnd(kEndPatience);
  }
}

void Round::AuditCopy(const Address& address, std::vector<Ledger>& ledgers, Rule rule) {
  auto link = Link::Connect(address);
  for (Ledger& ledger : ledgers) {
    auto found = link ? Audit(*link, ledger, rule, is_interrupted_, report_) : std::nullopt;
    if (is_interrupted_.load(std::memory_order_relaxed)) return;
    if (!found) return report_.Blame({"the server of a copy ended", ledger.prefix(), "answers", "none"});
    ledger.Adopt(*std::move(found));
  }
}

void Round::Verify(const std::filesystem::path& store, const std::string& which) {
  const Outcome outcome = RunProgram({options_.inspect_program, store.string(), "verify"});
  if (outcome.exit_code == 0) return;
  report_.Blame(
      {"kvs-inspect finds damage", which, "exit code 0", std::to_string(outcome.exit_code) + ": " + outcome.output});
}

void Round::FillDisk() {
  report_.Add(Figure::kFullDisks);
  BeginShortage(false);
  if (random_.OneIn(2)) SetMode(Mode::kGrow);
  file_system_.Fill();
  Linger(100, 1'500);
  EndOrCopyWhileFull();
  Linger(100, 1'000);
  SetMode(random_.OneIn(2) ? Mode::kShrink : Mode::kMixed);
  Linger(100, 1'000);
  EndOrCopyWhileFull();
  file_system_.Relieve();
  EndShortage();
}

void Round::EndOrCopyWhileFull() {
  switch (random_.Below(5)) {
    case 0: report_.NoteEvent("(kill)"); return Kill();
    case 1: report_.NoteEvent("(restart)"); return Restart();
    case 2: report_.NoteEvent("(copy)"); return Copy();
    default: return;
  }
}

// Nobody else makes room: removals alone do, by way of compaction.
void Round::FillDiskByLoad() {
  report_.Add(Figure::kFullDisks);
  BeginShortage(false);
  const std::uint64_t refusals = report_.Of(Figure::kRefusals);
  SetMode(Mode::kGrow);
  Await([&] { return report_.Of(Figure::kRefusals) > refusals || victim_.HasEnded(); }, kGrowPatience);
  Linger(0, 500);
  EndOrCopyWhileFull();
  SetMode(Mode::kShrink);
  Linger(1'000, 3'000);
  EndShortage();
}

// Another file takes all room that the store gives back, so that removals may find no room in the end.
void Round::FillDiskGreedily() {
  report_.Add(Figure::kFullDisks);
  BeginShortage(true);
  for (std::uint64_t left = 4 + random_.Below(16); left > 0; --left) {
    file_system_.Fill();
    Linger(20, 100);
    if (random_.OneIn(12)) EndOrCopyWhileFull();
  }
  file_system_.Relieve();
  EndShortage();
}

// There is room, but for no other file.
void Round::TakeInodes() {
  report_.Add(Figure::kFullDisks);
  BeginShortage(false);
  file_system_.TakeInodes();
  SetMode(random_.OneIn(2) ? Mode::kGrow : Mode::kMixed);
  Linger(100, 2'000);
  EndOrCopyWhileFull();
  SetMode(random_.OneIn(2) ? Mode::kShrink : Mode::kMixed);
  Linger(100, 1'000);
  file_system_.Relieve();
  EndShortage();
}

void Round::LimitFileSize() {
  BeginShortage(true);
  victim_.Limit(RLIMIT_FSIZE, random_.Below(std::uint64_t{4} << 20));
  Linger(100, 2'000);
  if (random_.OneIn(4)) Kill();
  victim_.Limit(RLIMIT_FSIZE, RLIM_INFINITY);
  EndShortage();
}

// The store keeps its descriptors, however many clients take: nothing is short.
void Round::StartWithFewDescriptors() {
  report_.Add(Figure::kDescriptorShortages);
  End(SIGTERM);
  Start(kFewDescriptors);
  AwaitLoading();
  {
    const std::vector<Link> idlers = ConnectIdlers(kIdlers);
    Linger(200, 2'000);
  }
  Linger(0, 200);
  Restart();
}

void Round::TakeDescriptors() {
  report_.Add(Figure::kDescriptorShortages);
  BeginShortage(true);
  victim_.Limit(RLIMIT_NOFILE, victim_.OpenDescriptors() + random_.Below(4));
  {
    const std::vector<Link> idlers = ConnectIdlers(10);
    Linger(100, 2'000);
  }
  if (random_.OneIn(4)) Kill();
  victim_.Limit(RLIMIT_NOFILE, RLIM_INFINITY);
  EndShortage();
}

std::vector<Link> Round::ConnectIdlers(int count) const {
  std::vector<Link> idlers;
  for (int i = 0; i < count; ++i) {
    if (auto link = Link::Connect(address_)) idlers.push_back(*std::move(link));
  }
  return idlers;
}

}  // namespace kvs::torture
