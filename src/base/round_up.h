// RoundUp: the next multiple of a unit, for sizes and offsets.
#pragma once

namespace kvs::base {

// unit: in, more than 0. value + unit must fit the type.
template <class Number>
constexpr Number RoundUp(Number value, Number unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace kvs::base
