// KVS_SKIP_UNDER_SANITIZERS(): for tests of resources that a sanitizer uses itself: address space by the terabyte,
// mappings, descriptors, the allocator.
#pragma once

#include <gtest/gtest.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KVS_TEST_UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KVS_TEST_UNDER_SANITIZER 1
#endif
#endif

#ifdef KVS_TEST_UNDER_SANITIZER
#define KVS_SKIP_UNDER_SANITIZERS() GTEST_SKIP() << "a sanitizer needs it for itself"
#else
#define KVS_SKIP_UNDER_SANITIZERS() static_cast<void>(0)
#endif
