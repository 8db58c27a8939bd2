#include "server/observers/outbox.h"

#include <utility>

namespace kvs::server {

void Outbox::Push(std::string_view bytes) {
  {
    const sync::MutexLock lock(mutex_);
    if (has_overflowed_) return;
    if (bytes_.size() + bytes.size() > bytes_max_) {
      has_overflowed_ = true;
      bytes_ = {};
    } else {
      bytes_.Append(bytes);
    }
  }
  Announce();
}

void Outbox::Wake() {
  {
    const sync::MutexLock lock(mutex_);
    is_woken_ = true;
  }
  Announce();
}

void Outbox::Announce() {
  {
    const sync::MutexLock lock(mutex_);
    has_mail_.store(true, std::memory_order_relaxed);  // R1
    if (std::exchange(is_announced_, true)) return;
  }
  if (mailbox_ != nullptr) mailbox_->Deliver(shared_from_this());
}

void Outbox::Acknowledge() {
  const sync::MutexLock lock(mutex_);
  is_announced_ = false;
}

void Outbox::Take(base::ByteBuffer* out) {
  const sync::MutexLock lock(mutex_);
  has_mail_.store(is_woken_ || has_overflowed_, std::memory_order_relaxed);  // R1
  out->Append(bytes_.view());
  bytes_ = {};
}

bool Outbox::TakeWake() {
  const sync::MutexLock lock(mutex_);
  if (!bytes_.empty()) return std::exchange(is_woken_, false);
  has_mail_.store(has_overflowed_, std::memory_order_relaxed);  // R1
  return std::exchange(is_woken_, false);
}

bool Outbox::has_overflowed() const {
  const sync::MutexLock lock(mutex_);
  return has_overflowed_;
}

}  // namespace kvs::server
