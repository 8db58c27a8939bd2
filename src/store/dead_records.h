// DeadRecords: which records of a segment are garbage, a bit for each.
//
// Design      No two records begin within the same eight bytes, so each eight bytes of the segment have a bit. That is
//             a 64th of its size, of which the system gives only the pages that are touched.
// Threads     Add() by the holder of the append lock; Contains() from any thread.
//
// Fences      R1  words_: relaxed. A bit says nothing of other memory, and who must see it has had the append lock
//                 since it was set.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/check.h"
#include "base/prefetch.h"
#include "log/record.h"

namespace kvs::store {

class DeadRecords {
 public:
  // For offsets below `segment_bytes`.
  explicit DeadRecords(std::uint64_t segment_bytes)
      : words_(static_cast<std::uint64_t*>(std::calloc(WordOf(segment_bytes) + 1, sizeof(std::uint64_t)))) {
    KVS_CHECK(words_ != nullptr);
  }

  // `offset`: of a record's first byte.
  void Add(std::uint64_t offset) {
    const std::atomic_ref<std::uint64_t> word(words_[WordOf(offset)]);
    const std::uint64_t bit = std::uint64_t{1} << (UnitOf(offset) % kBitsPerWord);
    word.store(word.load(std::memory_order_relaxed) | bit, std::memory_order_relaxed);  // R1
  }

  bool Contains(std::uint64_t offset) const {
    const std::atomic_ref<std::uint64_t> word(words_[WordOf(offset)]);
    return (word.load(std::memory_order_relaxed) >> (UnitOf(offset) % kBitsPerWord) & 1) != 0;  // R1
  }

  // Asks for what Add() and Contains() will look at.
  void Prefetch(std::uint64_t offset) const { base::Prefetch(&words_[WordOf(offset)]); }

 private:
  static constexpr std::uint64_t kBytesPerBit = log::kRecordHeaderBytesMin;
  static constexpr std::uint64_t kBitsPerWord = 64;

  static std::uint64_t UnitOf(std::uint64_t offset) { return offset / kBytesPerBit; }
  static std::uint64_t WordOf(std::uint64_t offset) { return UnitOf(offset) / kBitsPerWord; }

  struct Free {
    void operator()(std::uint64_t* words) const { std::free(words); }
  };
  const std::unique_ptr<std::uint64_t[], Free> words_;
};

}  // namespace kvs::store
