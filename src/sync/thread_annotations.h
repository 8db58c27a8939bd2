// Clang's thread-safety attributes under short names; nothing under other compilers. The `clang` preset checks them.
#pragma once

#if defined(__clang__)
#define KVS_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define KVS_THREAD_ATTRIBUTE(x)
#endif

#define KVS_CAPABILITY(name) KVS_THREAD_ATTRIBUTE(capability(name))
#define KVS_SCOPED_CAPABILITY KVS_THREAD_ATTRIBUTE(scoped_lockable)
#define KVS_GUARDED_BY(mutex) KVS_THREAD_ATTRIBUTE(guarded_by(mutex))
#define KVS_PT_GUARDED_BY(mutex) KVS_THREAD_ATTRIBUTE(pt_guarded_by(mutex))
#define KVS_REQUIRES(...) KVS_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define KVS_EXCLUDES(...) KVS_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define KVS_ACQUIRE(...) KVS_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define KVS_TRY_ACQUIRE(...) KVS_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define KVS_RELEASE(...) KVS_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define KVS_ACQUIRED_BEFORE(...) KVS_THREAD_ATTRIBUTE(acquired_before(__VA_ARGS__))
#define KVS_NO_THREAD_SAFETY_ANALYSIS KVS_THREAD_ATTRIBUTE(no_thread_safety_analysis)
