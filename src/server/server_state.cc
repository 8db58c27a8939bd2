#include "server/server_state.h"

#include <unistd.h>

#include <utility>

#include "base/random.h"
#include "base/seeded_hash.h"

namespace kvs::server {
namespace {

std::string MakeRunId() {
  constexpr std::size_t kDigits = 40;
  const auto now = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  base::Random random(now ^ (static_cast<std::uint64_t>(::getpid()) << 48));
  std::string id;
  while (id.size() < kDigits) id += "0123456789abcdef"[random.Below(16)];
  return id;
}

}  // namespace

ServerState::ServerState(KvsEngine& served, const ConfigStart& start, ServerLog::Sink sink)
    : engine(served),
      port(start.port),
      run_id(MakeRunId()),
      log(std::move(sink)),
      config(start, &descriptors),
      observation(served, gate, clients, pub_sub, watches),
      cursors(base::SecretSeed()),
      background(served) {
  observation.Configure(config);
}

}  // namespace kvs::server
