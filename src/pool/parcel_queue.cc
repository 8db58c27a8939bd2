#include "pool/parcel_queue.h"

#include <concurrentqueue/blockingconcurrentqueue.h>

#include "base/check.h"

namespace kvs::pool {

class ParcelQueue::Impl : public moodycamel::BlockingConcurrentQueue<Parcel*> {};

ParcelQueue::ParcelQueue() : impl_(std::make_unique<Impl>()) {}
ParcelQueue::~ParcelQueue() = default;

void ParcelQueue::Push(Parcel* parcel) {
  KVS_CHECK(impl_->enqueue(parcel));  // Refuses only without memory.
}

Parcel* ParcelQueue::WaitAndPop() {
  Parcel* parcel = nullptr;
  impl_->wait_dequeue(parcel);
  return parcel;
}

std::optional<Parcel*> ParcelQueue::TryPop() {
  Parcel* parcel = nullptr;
  if (!impl_->try_dequeue(parcel)) return std::nullopt;
  return parcel;
}

}  // namespace kvs::pool
