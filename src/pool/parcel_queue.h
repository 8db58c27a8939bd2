// ParcelQueue: moodycamel's queue, many producers and many consumers, of pointers.
//
// Threads     Call anything from any thread.
// Ordering    First in, first out among what one thread pushed. None between threads.
#pragma once

#include <memory>
#include <optional>

namespace kvs::pool {

class Parcel;

class ParcelQueue {
 public:
  ParcelQueue();
  ~ParcelQueue();

  void Push(Parcel* parcel);
  Parcel* WaitAndPop();
  std::optional<Parcel*> TryPop();  // nullopt: empty.

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kvs::pool
