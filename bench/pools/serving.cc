#include "pools/serving.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

namespace kvs::bench {
namespace {

Result<std::filesystem::path> MakeScratchDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "kvs-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return Error{ErrorCode::kIo, errno, "mkdtemp " + name};
  return std::filesystem::path(name);
}

template <class T>
Result<std::shared_ptr<KvsEngine>> AsEngine(Result<std::shared_ptr<T>> opened) {
  if (!opened) return std::move(opened).error();
  return std::shared_ptr<KvsEngine>(*std::move(opened));
}

Result<std::shared_ptr<KvsEngine>> Open(EngineKind kind, const std::filesystem::path& directory) {
  if (kind == EngineKind::kSled) return AsEngine(SledKvsEngine::Open(directory));
  return AsEngine(KvStore::Open(directory));
}

template <class T>
Result<std::shared_ptr<ThreadPool>> AsPool(Result<std::unique_ptr<T>> created) {
  if (!created) return std::move(created).error();
  return std::shared_ptr<ThreadPool>(*std::move(created));
}

// A null pool stands for direct mode.
Result<std::shared_ptr<ThreadPool>> MakePool(ServingKind kind, unsigned threads) {
  switch (kind) {
    case ServingKind::kDirect: return std::shared_ptr<ThreadPool>();
    case ServingKind::kNaive: return AsPool(NaiveThreadPool::Create(threads));
    case ServingKind::kQueued: return AsPool(SharedQueueThreadPool::Create(threads));
    case ServingKind::kStealing: return AsPool(WorkStealingThreadPool::Create(threads));
  }
  return Error{.code = ErrorCode::kInvalidArgument, .context = "no such pool"};
}

Result<std::unique_ptr<KvsServer>> MakeServer(const ServingPlan& plan, const std::filesystem::path& directory) {
  auto engine = Open(plan.engine, directory);
  if (!engine) return std::move(engine).error();
  auto pool = MakePool(plan.kind, plan.threads);
  if (!pool) return std::move(pool).error();
  ServerOptions options;
  options.address.port = 0;
  options.threads = plan.threads;
  options.pool = *std::move(pool);
  return KvsServer::Create(*std::move(engine), options);
}

}  // namespace

Result<std::unique_ptr<Serving>> Serving::Start(const ServingPlan& plan) {
  auto directory = MakeScratchDirectory();
  if (!directory) return std::move(directory).error();
  auto server = MakeServer(plan, *directory);
  if (!server) {
    std::filesystem::remove_all(*directory);
    return std::move(server).error();
  }
  return std::unique_ptr<Serving>(new Serving(*std::move(directory), *std::move(server)));
}

Serving::Serving(std::filesystem::path directory, std::unique_ptr<KvsServer> server)
    : directory_(std::move(directory)), server_(std::move(server)), thread_([this] {
        const Status served = server_->Run();
        if (!served) std::fprintf(stderr, "bench: the server failed: %s\n", served.error().ToString().c_str());
      }) {}

Serving::~Serving() {
  server_->Stop();
  thread_.join();
  server_.reset();  // Closes the engine, whose directory goes next.
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace kvs::bench
