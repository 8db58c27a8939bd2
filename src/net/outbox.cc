#include "net/outbox.h"

#include <new>
#include <utility>

#include "base/probe.h"

namespace kvs::server {

void Outbox::Push(std::string_view bytes) {
  {
    const sync::MutexLock lock(mutex_);
    if (has_overflowed_) return;
    if (!TryKeep(bytes)) Drop();
  }
  Announce();
}

// False: it is more than the client may have, or than there is.
bool Outbox::TryKeep(std::string_view bytes) {
  const std::size_t after = bytes_.size() + bytes.size();
  KVS_PROBE_IF(after > bytes_max_, "client does not take its messages");
  if (after > bytes_max_ || (account_ != nullptr && !account_->TrySetMail(after))) return false;
  try {
    bytes_.Append(bytes);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void Outbox::Drop() {
  has_overflowed_ = true;
  bytes_ = {};
  if (account_ != nullptr) static_cast<void>(account_->TrySetMail(0));
}

void Outbox::Overflow() {
  {
    const sync::MutexLock lock(mutex_);
    Drop();
  }
  Announce();
}

void Outbox::Close() {
  const sync::MutexLock lock(mutex_);
  Drop();
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
  const base::ByteBuffer taken = std::move(bytes_);
  if (account_ != nullptr) static_cast<void>(account_->TrySetMail(0));
  out->Append(taken.view());
}

bool Outbox::TakeWake() {
  const sync::MutexLock lock(mutex_);
  if (!bytes_.empty()) return std::exchange(is_woken_, false);
  has_mail_.store(has_overflowed_, std::memory_order_relaxed);  // R1
  return std::exchange(is_woken_, false);
}

std::size_t Outbox::bytes() const {
  const sync::MutexLock lock(mutex_);
  return bytes_.size();
}

bool Outbox::has_overflowed() const {
  const sync::MutexLock lock(mutex_);
  return has_overflowed_;
}

}  // namespace kvs::server
