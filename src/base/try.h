// KVS_TRY and KVS_TRY_ASSIGN: return an Error to the caller, or continue. No other macro hides control flow.
#pragma once

#include <utility>

#include "kvs/result.h"

// KVS_TRY(Status expression);
#define KVS_TRY(expression)                                    \
  do {                                                         \
    if (auto kvs_try_status = (expression); !kvs_try_status) { \
      return std::move(kvs_try_status).error();                \
    }                                                          \
  } while (false)

#define KVS_TRY_CONCAT_INNER(a, b) a##b
#define KVS_TRY_CONCAT(a, b) KVS_TRY_CONCAT_INNER(a, b)
#define KVS_TRY_ASSIGN_NAMED(name, declaration, expression) \
  auto name = (expression);                                 \
  if (!name) return std::move(name).error();                \
  declaration = *std::move(name)

// KVS_TRY_ASSIGN(const auto bytes, Result expression);
#define KVS_TRY_ASSIGN(declaration, expression) \
  KVS_TRY_ASSIGN_NAMED(KVS_TRY_CONCAT(kvs_try_result_, __LINE__), declaration, expression)
