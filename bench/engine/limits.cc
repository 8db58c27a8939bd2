#include "limits.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"
#include "base/prefetch.h"
#include "keys.h"
#include "process.h"

namespace kvs::bench {
namespace {

constexpr std::size_t kHeaderBytes = 10;  // What a record of kvs has beside 16 bytes of key and 100 of value.
constexpr std::size_t kPieceBytes = io::kCoarseGrainBytes;
constexpr std::size_t kCopyBytes = 65'536;
constexpr std::size_t kRecordsPerBatch = 16;
constexpr std::size_t kAppendBytesMax = std::size_t{256} << 20;

constexpr std::uint64_t kOperationsMax = std::uint64_t{1} << 20;  // As a run of a workload with a store.
constexpr std::uint64_t kOperationsPerLook = 64;
constexpr double kWarmUpShare = 0.2;

constexpr std::string_view kNames[] = {"limit-read", "limit-read16", "limit-sequence",
                                       "limit-get",  "limit-copy",   "limit-append"};

template <class T>
T Must(Result<T> result) {
  if (!result) Die("limits: " + result.error().ToString());
  return std::move(*result);
}
void Must(const Status& status) {
  if (!status) Die("limits: " + status.error().ToString());
}

std::unique_ptr<io::File> NewFile(const std::filesystem::path& path) {
  return Must(io::PosixFileSystem().Open(path, io::OpenMode::kCreate));
}

// The header of a record of the data begins with eight zeroes, which the compiler does not know: what is added to it
// depends on the reading.
std::uint64_t HeaderOf(const char* record) {
  std::uint64_t word = 0;
  std::memcpy(&word, record, sizeof word);
  return word;
}

void PutRecord(char* to, std::string_view key, std::string_view value) {
  std::memset(to, 0, kHeaderBytes);
  std::memcpy(to + kHeaderBytes, key.data(), key.size());
  std::memcpy(to + kHeaderBytes + key.size(), value.data(), value.size());
}

// How often `operation` ran, until it says no or the time is used up.
template <class Operation>
std::uint64_t Repeat(double seconds, Operation operation) {
  const double end = WallSeconds() + seconds;
  std::uint64_t operations = 0;
  while (operations < kOperationsMax && operation()) {
    if (++operations % kOperationsPerLook == 0 && WallSeconds() >= end) break;
  }
  return operations;
}

// A new file that records are appended to; it is removed at the end.
class AppendedFile {
 public:
  explicit AppendedFile(std::filesystem::path path)
      : path_(std::move(path)),
        file_(NewFile(path_)),
        mapping_(Must(file_->Map(kAppendBytesMax, io::Access::kReadWrite))) {}
  ~AppendedFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;

  // False: the file is full.
  bool Append(std::string_view key, std::string_view value) {
    const std::size_t bytes = kHeaderBytes + key.size() + value.size();
    if (used_bytes_ + bytes > kAppendBytesMax) return false;
    while (used_bytes_ + bytes > grown_bytes_) Grow();
    char* const record = mapping_.data() + used_bytes_;
    PutRecord(record, key, value);
    const std::uint32_t checksum = base::Checksum32({record + kHeaderBytes, bytes - kHeaderBytes});
    std::memcpy(record, &checksum, sizeof checksum);
    used_bytes_ += bytes;
    return true;
  }

 private:
  void Grow() {
    Must(file_->WriteAt(grown_bytes_, zeroes_));
    grown_bytes_ += zeroes_.size();
  }

  const std::filesystem::path path_;
  const std::unique_ptr<io::File> file_;
  const io::Mapping mapping_;
  const std::string zeroes_ = std::string(kPieceBytes, '\0');
  std::size_t used_bytes_ = 0;
  std::size_t grown_bytes_ = 0;
};

}  // namespace

std::span<const std::string_view> Limits::Names() { return kNames; }

Limits::Limits(const Settings& settings)
    : settings_(settings),
      record_bytes_(kHeaderBytes + kKeyBytes + settings.value_bytes),
      file_bytes_(std::max(settings.keys * record_bytes_, kCopyBytes)),
      file_(NewFile(settings.directory / "records")) {
  WriteRecords();
  records_ = Must(file_->Map(file_bytes_, io::Access::kRead));
}

// A piece ends within a record, whose rest begins the next.
void Limits::WriteRecords() {
  Values values(settings_.value_bytes, 1);
  std::string bytes;
  std::uint64_t written = 0;
  for (std::uint64_t number = 0; written < file_bytes_;) {
    for (; bytes.size() < kPieceBytes && written + bytes.size() < file_bytes_; ++number) {
      const Key key(number);
      bytes.resize(bytes.size() + record_bytes_);
      PutRecord(bytes.data() + bytes.size() - record_bytes_, key.view(), values.Next(key.view()));
    }
    const std::size_t piece = std::min(bytes.size(), kPieceBytes);
    Must(file_->WriteAt(written, std::string_view(bytes).substr(0, piece)));
    bytes.erase(0, piece);
    written += piece;
  }
}

// Measures an operation after a warm-up. records: in, the number of records that one operation reads.
template <class Operation>
Figures Limits::Measure(const Job& job, std::uint64_t records, Operation operation) {
  Repeat(job.seconds * kWarmUpShare, operation);
  return Time(job, records, operation);
}

template <class Operation>
Figures Limits::Time(const Job& job, std::uint64_t records, Operation operation) {
  bad_ = 0;
  const double wall = WallSeconds();
  const double cpu = CpuSeconds();
  const auto count = static_cast<double>(Repeat(job.seconds, operation) * records);
  const double cpu_seconds = CpuSeconds() - cpu;
  const double wall_seconds = WallSeconds() - wall;
  return {{"ops", count},
          {"seconds", wall_seconds},
          {"cpu_us", cpu_seconds * 1e6 / count},
          {"ops_per_s", count / wall_seconds},
          {"bad", static_cast<double>(bad_)}};
}

Figures Limits::Run(const Job& job) {
  std::uint64_t at = 0;
  const auto read = [&] { return at = ReadRecord(Draw() + at), true; };
  const auto read_next = [&] { return ReadRecord(at), at = at + 1 < settings_.keys ? at + 1 : 0, true; };
  const auto get = [&] { return at = ReadRecord(Draw() + HeaderOf(RecordAt(Draw() + at))), true; };
  if (job.workload == "limit-read") return Measure(job, 1, read);
  if (job.workload == "limit-read16") return Measure(job, kRecordsPerBatch, [&] { return ReadBatch(), true; });
  if (job.workload == "limit-sequence") return Measure(job, 1, read_next);
  if (job.workload == "limit-get") return Measure(job, 1, get);
  if (job.workload == "limit-copy") return Measure(job, 1, [&] { return CopyPiece(), true; });
  if (job.workload == "limit-append") return Append(job);
  Die("no limit '" + job.workload + "'");
}

Figures Limits::Append(const Job& job) {
  AppendedFile file(settings_.directory / "appended");
  Values values(settings_.value_bytes, 2);
  std::uint64_t number = 0;
  return Time(job, 1, [&] {  // A warm-up would use up the file.
    const Key key(number++);
    return file.Append(key.view(), values.Next(key.view()));
  });
}

const char* Limits::RecordAt(std::uint64_t number) const { return records_.data() + number * record_bytes_; }

// A number of a record. There are fewer than 2^32, so no division is needed.
std::uint64_t Limits::Draw() { return (random_.Next() >> 32) * settings_.keys >> 32; }

// Returns the header, for what depends on it.
std::uint64_t Limits::ReadRecord(std::uint64_t number) {
  const char* const record = RecordAt(number);
  const Sighting seen = reader_.Read(record + kHeaderBytes + kKeyBytes, settings_.value_bytes);
  bad_ += seen.lead == LeadOf({record + kHeaderBytes, kKeyBytes}) ? 0 : 1;
  return HeaderOf(record);
}

void Limits::ReadBatch() {
  std::array<std::uint64_t, kRecordsPerBatch> numbers{};
  for (std::uint64_t& number : numbers) {
    number = Draw();
    base::Prefetch(RecordAt(number), record_bytes_);
  }
  for (const std::uint64_t number : numbers) static_cast<void>(ReadRecord(number));
}

void Limits::CopyPiece() {
  const std::uint64_t from = std::min(Draw() * record_bytes_, file_bytes_ - kCopyBytes);
  static_cast<void>(reader_.Read(records_.data() + from, kCopyBytes));
}

}  // namespace kvs::bench
