// UninitializedArray: an array of N elements on the stack that is not zeroed. A caller that fills only the first
// elements does not pay for the others, as it would with std::array.
//
// Limits      For types that are copied as bytes. Assign an element before reading it.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

namespace kvs::base {

template <class T, std::size_t N>
class UninitializedArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  UninitializedArray() = default;  // Writes nothing if the object is declared without "{}".

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
