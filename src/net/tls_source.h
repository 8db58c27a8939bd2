// TlsSource: the certificates of new connections. A running server can replace them.
//
// Threads     Call anything from any thread. A connection keeps the certificates that it began with.
#pragma once

#include <memory>
#include <utility>

#include "io/tls.h"
#include "sync/mutex.h"

namespace kvs::server {

class TlsSource {
 public:
  TlsSource(io::TlsFiles files, std::shared_ptr<io::TlsContext> first)
      : files_(std::move(files)), context_(std::move(first)) {}

  // Reads the files again. After an error the old certificates stay.
  Status Reload() KVS_EXCLUDES(mutex_) {
    Result<std::shared_ptr<io::TlsContext>> context = io::TlsContext::ForServer(files_);
    if (!context) return context.error();
    const sync::MutexLock lock(mutex_);
    context_ = *std::move(context);
    return Ok();
  }

  Result<std::unique_ptr<io::TlsStream>> Accept(int socket) KVS_EXCLUDES(mutex_) {
    std::shared_ptr<io::TlsContext> context;
    {
      const sync::MutexLock lock(mutex_);
      context = context_;
    }
    return context->Accept(socket);
  }

 private:
  const io::TlsFiles files_;
  sync::Mutex mutex_;
  std::shared_ptr<io::TlsContext> context_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::server
