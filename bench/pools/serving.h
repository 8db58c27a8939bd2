// Serving: a server with an engine and a pool of the caller's choice, on loopback, for the time of one measurement.
//
// Threads     Runs the server on a thread of its own.
// Ownership   Owns a scratch directory, and removes it at the end.
#pragma once

#include <kvs/kvs.h>

#include <filesystem>
#include <memory>
#include <thread>

namespace kvs::bench {

enum class EngineKind { kKvs, kSled };

// How requests find a thread: an event loop each (direct), or a job on one of the three pools.
enum class ServingKind { kDirect, kNaive, kQueued, kStealing };

struct ServingPlan {
  EngineKind engine;
  ServingKind kind;
  unsigned threads;
};

class Serving {
 public:
  static Result<std::unique_ptr<Serving>> Start(const ServingPlan& plan);
  ~Serving();  // Stops the server and waits for it.
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  const Address& address() const { return server_->address(); }

 private:
  Serving(std::filesystem::path directory, std::unique_ptr<KvsServer> server);

  const std::filesystem::path directory_;
  std::unique_ptr<KvsServer> server_;
  std::thread thread_;
};

}  // namespace kvs::bench
