#include "io/spare_descriptors.h"

#include <fcntl.h>

#include <cerrno>
#include <mutex>
#include <utility>

#include "base/probe.h"

namespace kvs::io {
namespace {

using PoolMutex = std::mutex;                 // tidy-allow(mutex): sync lies beside io
using PoolLock = std::lock_guard<PoolMutex>;  // tidy-allow(mutex): as above

struct Pool {
  PoolMutex mutex;
  std::size_t wanted = 0;
  UniqueFd null;  // Of /dev/null; never given up.
  std::vector<UniqueFd> spare;
};

Pool& ThePool() {
  static Pool* const pool = new Pool;  // Never destroyed: files may be closed while the process ends.
  return *pool;
}

void Fill(Pool& pool) {
  if (!pool.null.is_open()) pool.null = UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  while (pool.null.is_open() && pool.spare.size() < pool.wanted) {
    UniqueFd fd(::fcntl(pool.null.get(), F_DUPFD_CLOEXEC, 0));
    if (!fd.is_open()) return;
    pool.spare.push_back(std::move(fd));
  }
}

}  // namespace

SpareDescriptors::Share::Share() {
  Pool& pool = ThePool();
  const PoolLock lock(pool.mutex);
  pool.wanted += kPerStore;
  pool.spare.reserve(pool.wanted);
  Fill(pool);
}

SpareDescriptors::Share::~Share() {
  Pool& pool = ThePool();
  const PoolLock lock(pool.mutex);
  pool.wanted -= kPerStore;
  while (pool.spare.size() > pool.wanted) pool.spare.pop_back();
  if (pool.wanted == 0) pool.null.Close();
}

bool SpareDescriptors::GiveUpOne(int sys_errno) {
  if (sys_errno != EMFILE && sys_errno != ENFILE) return false;
  Pool& pool = ThePool();
  const PoolLock lock(pool.mutex);
  KVS_PROBE_IF(!pool.spare.empty(), "spare descriptor is used");
  if (pool.spare.empty()) return false;
  pool.spare.pop_back();
  return true;
}

void SpareDescriptors::Close(UniqueFd fd) {
  Pool& pool = ThePool();
  const PoolLock lock(pool.mutex);
  const bool is_missed = fd.is_open() && pool.null.is_open() && pool.spare.size() < pool.wanted;
  if (!is_missed || ::dup3(pool.null.get(), fd.get(), O_CLOEXEC) < 0) return;
  KVS_PROBE("closed descriptor becomes a spare one");
  pool.spare.push_back(std::move(fd));
}

}  // namespace kvs::io
