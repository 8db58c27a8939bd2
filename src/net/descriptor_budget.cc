#include "net/descriptor_budget.h"

#include <algorithm>

#include "io/descriptor_limit.h"

namespace kvs::server {
namespace {

std::size_t SetAsideOf(std::size_t limit) { return std::min(DescriptorBudget::kSetAsideMax, limit / 4); }

}  // namespace

void DescriptorBudget::CountOpen() { open_besides_ = io::OpenDescriptors(); }

std::size_t DescriptorBudget::SetAside() { return SetAsideOf(io::DescriptorLimit()); }

std::size_t DescriptorBudget::ClientsMax() const {
  const std::size_t limit = io::DescriptorLimit();
  const std::size_t taken = open_besides_ + SetAsideOf(limit);
  return limit > taken ? limit - taken : 1;
}

bool DescriptorBudget::AllowsClient(int descriptor) {
  const std::size_t limit = io::DescriptorLimit();
  return static_cast<std::size_t>(descriptor) < limit - SetAsideOf(limit);
}

}  // namespace kvs::server
