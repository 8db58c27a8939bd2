// ByteBuffer: a contiguous queue of bytes. Bytes are appended at the end and consumed at the front.
//
// Design      One block from malloc, grown by realloc and never zeroed. realloc moves large blocks by remapping, not by
//             copying. The first block fits the allocator's per-thread cache. The block is freed when the last byte is
//             consumed, so an idle connection holds no memory.
// Threads     One thread at a time.
// Limits      Grows by doubling, so the block is at most twice the bytes that were in it. The owner bounds those.
// Errors      Running out of memory throws std::bad_alloc, as the standard containers do. A buffer with a meter asks it
//             before it takes a block of more than kUnmeteredBytes. If the meter refuses, the buffer throws
//             MemoryRefused and its content stays as it was.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "base/byte_meter.h"
#include "base/check.h"

namespace kvs::base {

class ByteBuffer {
 public:
  static constexpr std::size_t kFirstBlockBytes = 512;
  static constexpr std::size_t kUnmeteredBytes = std::size_t{16} << 10;

  ByteBuffer() = default;
  explicit ByteBuffer(ByteMeter* meter) : meter_(meter) {}  // meter: outlives the buffer.
  ByteBuffer(ByteBuffer&& other) noexcept { *this = std::move(other); }
  // The buffer keeps its own meter.
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    block_ = std::move(other.block_);
    capacity_ = std::exchange(other.capacity_, 0);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    return *this;
  }

  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  std::size_t capacity() const { return capacity_; }
  std::string_view view() const { return {block_.get() + begin_, size()}; }

  void Append(std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(Extend(bytes.size()), bytes.data(), bytes.size());
  }

  // Makes the content `bytes` longer and returns the start of the new bytes. The caller fills them.
  char* Extend(std::size_t bytes) {
    if (capacity_ - end_ < bytes) MakeRoom(bytes);
    char* from = block_.get() + end_;
    end_ += bytes;
    return from;
  }

  // Drops `bytes` at the front.
  void Consume(std::size_t bytes) {
    KVS_CHECK(bytes <= size());
    begin_ += bytes;
    if (empty()) Release();
  }

  // Keeps the first `bytes` and drops what was appended after them.
  void Truncate(std::size_t bytes) {
    KVS_CHECK(bytes <= size());
    end_ = begin_ + bytes;
    if (empty()) Release();
  }

 private:
  struct Free {
    void operator()(char* block) const { std::free(block); }
  };

  void Release() {
    block_.reset();
    capacity_ = begin_ = end_ = 0;
  }

  void MakeRoom(std::size_t bytes) {
    // Moving the content to the front is paid for by the bytes consumed before it, or by the growth that it saves.
    if (begin_ > 0 && (begin_ >= size() || capacity_ - size() < bytes)) {
      std::memmove(block_.get(), block_.get() + begin_, size());
      end_ -= std::exchange(begin_, 0);
    }
    if (capacity_ - end_ >= bytes) return;
    std::size_t capacity = std::max({end_ + bytes, capacity_ * 2, kFirstBlockBytes});
    if (meter_ != nullptr && capacity > kUnmeteredBytes && !meter_->TryGrow(capacity - capacity_)) {
      capacity = end_ + bytes;
      if (!meter_->TryGrow(capacity - capacity_)) throw MemoryRefused();
    }
    auto* block = static_cast<char*>(std::realloc(block_.get(), capacity));
    if (block == nullptr) throw std::bad_alloc();
    static_cast<void>(block_.release());  // realloc has freed or kept it.
    block_.reset(block);
    capacity_ = capacity;
  }

  ByteMeter* meter_ = nullptr;
  std::unique_ptr<char, Free> block_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace kvs::base
