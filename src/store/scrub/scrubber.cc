#include "store/scrub/scrubber.h"

#include <optional>
#include <string>

#include "base/check.h"
#include "base/probe.h"
#include "base/try.h"
#include "log/record.h"
#include "log/segment.h"
#include "log/segment_header.h"
#include "sync/thread.h"

namespace kvs::store {
namespace {

constexpr std::uint64_t kBytesTogether = std::uint64_t{1} << 20;  // Read without a rest.
constexpr auto kRestBetweenRounds = std::chrono::seconds(1);

}  // namespace

Scrubber::Scrubber(LiveLog& log, const KvStoreOptions& options) : log_(log), options_(options) {}

Scrubber::~Scrubber() { KVS_CHECK(!thread_.joinable()); }

Status Scrubber::Start() {
  if (options_.scrub_bytes_per_second == 0) return Ok();
  KVS_TRY_ASSIGN(thread_, sync::StartThread([this] { Run(); }));
  return Ok();
}

void Scrubber::Stop() {
  {
    const sync::MutexLock lock(mutex_);
    stops_ = true;
    stopped_.NotifyAll();
  }
  sync::Join(thread_);
}

Scrubber::Figures Scrubber::figures() const {
  return {.read_bytes = read_bytes_.load(std::memory_order_relaxed),  // R1
          .damages = damages_.load(std::memory_order_relaxed)};       // R1
}

// The image is taken anew for each segment, so that what compaction drops meanwhile is not held back for a round.
void Scrubber::Run() {
  std::uint64_t last_id = 0;
  while (true) {
    std::optional<LogImage::Part> next;
    {
      const AppendLock::Held held(log_.lock);
      for (const LogImage::Part& part : TakeLogImage(held, log_).parts) {
        const bool is_next = part.is_sealed && part.segment->id() > last_id;
        if (is_next && (!next || part.segment->id() < next->segment->id())) next = part;
      }
    }
    const bool goes_on = next ? Scrub(*next) : Rest(kRestBetweenRounds);
    if (!goes_on) return;
    last_id = next ? next->segment->id() : 0;
  }
}

bool Scrubber::Scrub(const LogImage::Part& part) {
  const log::Segment& segment = *part.segment;
  if (damaged_ids_.contains(segment.id())) return true;
  std::uint64_t told_bytes = log::kSegmentHeaderBytes;
  for (std::uint64_t offset = told_bytes; offset < part.bytes;) {
    const auto record = segment.Read(offset);
    if (!record) {
      Tell(segment, offset);
      return true;
    }
    offset += record->bytes();
    const bool is_much = offset - told_bytes >= kBytesTogether || offset >= part.bytes;
    if (is_much && !Spend(offset - told_bytes)) return false;
    if (is_much) told_bytes = offset;
  }
  return true;
}

bool Scrubber::Spend(std::uint64_t bytes) {
  read_bytes_.fetch_add(bytes, std::memory_order_relaxed);  // R1
  const std::chrono::duration<double> taken(static_cast<double>(bytes) /
                                            static_cast<double>(options_.scrub_bytes_per_second));
  return Rest(std::chrono::duration_cast<Clock::duration>(taken));
}

bool Scrubber::Rest(Clock::duration duration) {
  const auto until = Clock::now() + duration;
  const sync::MutexLock lock(mutex_);
  while (!stops_ && Clock::now() < until) stopped_.WaitUntil(mutex_, until);
  return !stops_;
}

void Scrubber::Tell(const log::Segment& segment, std::uint64_t offset) {
  KVS_PROBE("scrubber finds damage");
  damaged_ids_.insert(segment.id());
  damages_.fetch_add(1, std::memory_order_relaxed);  // R1
  if (!options_.log) return;
  options_.log("damage found: segment " + std::to_string(segment.id()) + " offset=" + std::to_string(offset) +
               ": the record is not what was written; run kvs-inspect verify when the store is closed");
}

}  // namespace kvs::store
