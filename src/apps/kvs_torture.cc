// kvs-torture: kills, copies and deprives a kvs-server under a checking load, on one file system after the other.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "apps/exit_codes.h"
#include "apps/process.h"
#include "apps/torture/file_system.h"
#include "apps/torture/load/patience.h"
#include "apps/torture/load/report.h"
#include "apps/torture/round.h"
#include "apps/torture/scratch_directory.h"
#include "apps/torture/sync_verdict.h"
#include "base/random.h"
#include "kvs/version.h"

namespace kvs::torture {
namespace {

constexpr const char* kFooter =
    "Writes to a store on your disk through a kvs-server, kills, copies and restarts it, and checks\n"
    "every answer. With --dir it does so on a file system of yours, in a new directory that it removes\n"
    "at the end. With --file-systems it mounts small ones, which it also fills. It also tells whether a\n"
    "sync takes as long as a disk needs.\n\n"
    "Examples:\n"
    "  kvs-torture --dir /mnt/disk          30 minutes on that disk\n"
    "  kvs-torture 5 --file-systems ext4    5 minutes on a small ext4 of its own, which takes root\n\n"
    "Exit codes: 0 no fault was found, 1 some were, 2 a wrong command line, 77 the file systems cannot\n"
    "be mounted here.";
constexpr std::array<const char*, 3> kPolicies = {"interval", "always", "none"};
constexpr int kExitSkipped = 77;
constexpr std::chrono::seconds kRoundMin{10};
constexpr std::chrono::seconds kProgressInterval{60};

using Clock = std::chrono::steady_clock;

// The path of a program that lies beside this one.
std::string BesideThis(const char* name) {
  std::error_code error;
  return (std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / name).string();
}

struct CommandLine {
  double minutes = 30;
  std::uint64_t seed = std::random_device()();
  std::string directory;
  std::vector<std::string> file_systems;
  std::vector<std::string> events = Round::EventNames();
  std::string server_program = BesideThis("kvs-server");
  std::string inspect_program = BesideThis("kvs-inspect");
  std::string backup_program = BesideThis("kvs-backup");
  std::string scratch = std::filesystem::temp_directory_path().string();
  std::string kept = "kvs-torture-kept";
  int connections = 6;
};

void AddOptions(CLI::App& app, CommandLine& line) {
  app.add_option("MINUTES", line.minutes, "How long")->capture_default_str()->check(CLI::Range(0.05, 10'000.0));
  app.add_option("--seed", line.seed, "Replays the choice of events, not their moments");
  app.add_option("--dir", line.directory, "A directory on a file system of yours; nothing is mounted or filled")
      ->check(CLI::ExistingDirectory);
  app.add_option("--file-systems", line.file_systems, "Those to mount, which takes root: ext3,ext4,xfs,btrfs,tmpfs")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"ext3", "ext4", "xfs", "btrfs", "tmpfs"}));
  app.add_option("--events", line.events, "Those to choose from, with commas between")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(Round::EventNames()));
  app.add_option("--server", line.server_program, "The kvs-server to torture; the one beside this program unless told");
  app.add_option("--inspect", line.inspect_program, "The kvs-inspect that checks copies; likewise");
  app.add_option("--backup", line.backup_program, "The kvs-backup that checks backups; likewise");
  app.add_option("--scratch", line.scratch, "For logs, copies and images")->check(CLI::ExistingDirectory);
  app.add_option("--kept", line.kept, "For the stores that violated a promise")->capture_default_str();
  app.add_option("--connections", line.connections)->capture_default_str()->check(CLI::Range(1, 64));
}

std::atomic<bool> is_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);
void Interrupt(int) { is_interrupted.store(true, std::memory_order_relaxed); }

class Torture {
 public:
  explicit Torture(const CommandLine& line) : line_(line), report_(line.seed), scratch_(line.scratch) {}

  int Run() {
    std::printf("kvs-torture: seed %llu, %g minutes\n", static_cast<unsigned long long>(line_.seed), line_.minutes);
    std::fflush(stdout);
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double, std::ratio<60>>(line_.minutes));
    const auto length = std::max<Clock::duration>(kRoundMin, (end - Clock::now()) / Rounds());
    std::thread progress([this] { PrintProgress(); });
    int mounted = 0;
    for (std::size_t i = 0; Clock::now() < end && !is_interrupted.load(std::memory_order_relaxed); ++i) {
      if (RunRound(i, std::min(end, Clock::now() + length))) ++mounted;
      if (mounted == 0 && i + 1 >= line_.file_systems.size()) break;  // None of them can be mounted.
    }
    is_done_.store(true, std::memory_order_relaxed);
    progress.join();
    report_.PrintSummary();
    if (mounted == 0) return kExitSkipped;
    return report_.Faults() == 0 ? apps::kExitOk : apps::kExitError;
  }

 private:
  // Each file system with each policy.
  int Rounds() const {
    return static_cast<int>(kPolicies.size() * std::max<std::size_t>(line_.file_systems.size(), 1));
  }

  // False: its file system cannot be mounted here.
  bool RunRound(std::size_t number, Clock::time_point deadline) {
    base::Random random(line_.seed + number);
    const ScratchDirectory scratch(scratch_.path());
    if (line_.file_systems.empty()) {
      const ScratchDirectory place(line_.directory.empty() ? line_.scratch : line_.directory);
      FileSystem file_system = FileSystem::Of(place.path());
      RunRoundOn(file_system, number, random, scratch.path(), deadline);
      return true;
    }
    const std::string& kind = line_.file_systems[number % line_.file_systems.size()];
    std::string why;
    auto file_system = FileSystem::Mount(kind, ChooseBytes(kind, random), scratch.path(), &why);
    if (!file_system) {
      std::fprintf(stderr, "kvs-torture: no %s here: %s\n", kind.c_str(), why.c_str());
      return false;
    }
    RunRoundOn(*file_system, number, random, scratch.path(), deadline);
    return true;
  }

  void RunRoundOn(FileSystem& file_system, std::size_t number, base::Random& random,
                  const std::filesystem::path& scratch, Clock::time_point deadline) {
    if (number < std::max<std::size_t>(line_.file_systems.size(), 1)) NoteVerdict(file_system);
    RoundOptions options{.server_program = line_.server_program,
                         .inspect_program = line_.inspect_program,
                         .backup_program = line_.backup_program,
                         .scratch = scratch,
                         .kept = line_.kept,
                         .arguments = ChooseArguments(number, random),
                         .event_names = line_.events,
                         .connections = line_.connections,
                         .seed = random.Next()};
    Round(std::move(options), file_system, report_, is_interrupted).Run(deadline);
  }

  void NoteVerdict(const FileSystem& file_system) {
    const auto verdict = JudgeSyncs(file_system.store_path().parent_path());
    report_.NoteVerdict(file_system.kind(), verdict ? verdict->ToString() : verdict.error().ToString());
  }

  // From the smallest size of the file system up to one that takes a while to fill.
  static std::uint64_t ChooseBytes(const std::string& kind, base::Random& random) {
    const std::uint64_t mib_min = kind == "xfs" ? 320 : kind == "tmpfs" ? 64 : 128;
    return (mib_min + random.Below(200)) << 20;
  }

  std::vector<std::string> ChooseArguments(std::size_t number, base::Random& random) const {
    constexpr std::array<const char*, 4> kSegments = {"1mb", "2mb", "4mb", "8mb"};
    const std::size_t turn = line_.file_systems.empty() ? 0 : number / line_.file_systems.size();
    std::vector<std::string> arguments = {"--sync",          kPolicies[(number + turn) % kPolicies.size()],
                                          "--segment-bytes", kSegments[random.Below(kSegments.size())],
                                          "--threads",       "2"};
    if (random.OneIn(4)) arguments.insert(arguments.end(), {"--pool", "stealing"});
    return arguments;
  }

  void PrintProgress() const {
    const auto is_done = [this] { return is_done_.load(std::memory_order_relaxed); };
    while (!Await(is_done, kProgressInterval)) report_.PrintProgress();
  }

  const CommandLine& line_;
  Report report_;
  ScratchDirectory scratch_;
  std::atomic<bool> is_done_{false};  // Relaxed: nothing is reached through it.
};

// False: the reason was printed.
bool IsThere(const std::string& program) {
  if (std::filesystem::is_regular_file(program)) return true;
  std::fprintf(stderr, "kvs-torture: there is no %s; --server and --inspect name the programs\n", program.c_str());
  return false;
}

// False: the reason was printed.
bool IsWritable(const std::string& directory) {
  if (::access(directory.c_str(), W_OK | X_OK) == 0) return true;
  std::fprintf(stderr, "kvs-torture: cannot write to %s: %s\n", directory.c_str(), std::strerror(errno));
  return false;
}

int Main(int argc, char** argv) {
  apps::PrepareProcess();
  CommandLine line;
  CLI::App app("kvs-torture: kills, copies and deprives a kvs-server under a checking load", "kvs-torture");
  app.set_version_flag("-V,--version", std::string("kvs-torture ") + kVersion, "Print the version and exit");
  app.footer(kFooter);
  AddOptions(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_asked_for = error.get_exit_code() == 0;
    const int exit_code = app.exit(error);
    return is_asked_for ? exit_code : apps::kExitUsage;
  }
  for (const std::string* const program : {&line.server_program, &line.inspect_program, &line.backup_program}) {
    if (!IsThere(*program)) return apps::kExitUsage;
  }
  if (!IsWritable(line.scratch) || (!line.directory.empty() && !IsWritable(line.directory))) return apps::kExitUsage;
  if (!line.file_systems.empty() && !EnterMountNamespace()) {
    std::fprintf(stderr, "kvs-torture: mounting file systems takes root; --dir PATH does not\n");
    return kExitSkipped;
  }
  ::signal(SIGINT, Interrupt);
  ::signal(SIGTERM, Interrupt);
  return apps::FinishOutput(Torture(line).Run());
}

}  // namespace
}  // namespace kvs::torture

int main(int argc, char** argv) { return kvs::torture::Main(argc, argv); }
