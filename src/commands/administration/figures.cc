#include "commands/administration/figures.h"

#include <malloc.h>
#include <sys/resource.h>

namespace kvs::server {

std::optional<EngineStats> ReadEngineStats(Call& call) {
  const Result<EngineStats> stats = call.server.engine.Stats();
  if (stats) return *stats;
  call.Fail(stats.error());
  return std::nullopt;
}

void ReplyFigures(Call& call, std::span<const Figure> figures) {
  for (const Figure& figure : figures) {
    call.reply.Bulk(figure.name);
    call.reply.Integer(static_cast<std::int64_t>(figure.value));
  }
}

std::uint64_t UsedMemoryBytes(const EngineStats& stats) {
  const struct mallinfo2 figures = ::mallinfo2();
  return figures.uordblks + figures.hblkhd + stats.index_bytes;
}

std::uint64_t PeakMemoryBytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1'024;
}

}  // namespace kvs::server
