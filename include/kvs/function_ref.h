// FunctionRef: a non-owning reference to a callable, for call-backs that are used only during the call.
//
//     int calls = 0;
//     const auto twice = [](kvs::FunctionRef<void(int)> call) { call(1), call(2); };
//     twice([&](int number) { calls += number; });
//     calls;  // == 3
//
// Ownership   Refers to the callable that it was made from, which must outlive it. Take it as a parameter; never store
//             it.
// Threads     As the callable.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace kvs {

template <class Signature>
class FunctionRef;

template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F, class = std::enable_if_t<!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> &&
                                              std::is_invocable_r_v<R, F&, Args...>>>
  FunctionRef(F&& callable)  // NOLINT: implicit, so that a lambda can be passed where a FunctionRef is taken.
      : callable_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        invoke_([](void* object, Args... args) -> R {
          return std::invoke(*static_cast<std::remove_reference_t<F>*>(object), std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const { return invoke_(callable_, std::forward<Args>(args)...); }

 private:
  void* callable_;
  R (*invoke_)(void*, Args...);
};

}  // namespace kvs
