// UninitializedArray: room for up to N elements of which a caller fills the first ones: an array on the stack that
// costs nothing for those that it does not need. std::array zeroes all of them where the type has a default.
//
// Limits      For types that are copied as bytes. An element is assigned before it is read.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

namespace kvs::base {

template <class T, std::size_t N>
class UninitializedArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  UninitializedArray() = default;  // Of an object without "{}" behind it: nothing is written.

  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  std::span<T> first(std::size_t count) { return {data(), count}; }
  std::span<const T> first(std::size_t count) const { return {data(), count}; }

 private:
  T* data() { return reinterpret_cast<T*>(bytes_); }
  const T* data() const { return reinterpret_cast<const T*>(bytes_); }

  alignas(T) std::byte bytes_[N * sizeof(T)];
};

}  // namespace kvs::base
