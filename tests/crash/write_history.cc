#include "crash/write_history.h"

namespace kvs::test {
namespace {

constexpr std::uint64_t kKeys = 48;

bool Agree(const Contents& a, const Contents& b, const std::string& key) {
  const auto in_a = a.find(key);
  const auto in_b = b.find(key);
  if (in_a == a.end() || in_b == b.end()) return (in_a == a.end()) == (in_b == b.end());
  return in_a->second == in_b->second;
}

}  // namespace

Status WriteHistory::WriteNext(store::Store& store) { return DoNext(MakeStep(), store); }

Status WriteHistory::RemoveOne(store::Store& store) {
  return DoNext({{contents_.begin()->first, std::nullopt}}, store);
}

Status WriteHistory::DoNext(Step step, store::Store& store) {
  const Status status = Do(step, random_.OneIn(10), store);
  const bool has_failed_before = steps_.size() > acknowledged_;
  EXPECT_FALSE(status && has_failed_before) << "a write was acknowledged after one that failed for good";
  if ((!status && status.error().code == ErrorCode::kNoSpace) || has_failed_before) return status;
  if (status) {
    for (const Change& change : step) Apply(change, &contents_);
    ++acknowledged_;
  }
  steps_.push_back(std::move(step));
  return status;
}

std::optional<std::size_t> WriteHistory::Match(const Contents& found, std::size_t at_least) const {
  std::optional<std::size_t> match;
  Contents state;
  std::size_t differences = found.size();
  if (differences == 0 && at_least == 0) match = 0;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    for (const Change& change : steps_[i]) {
      differences -= Agree(state, found, change.key) ? 0 : 1;
      Apply(change, &state);
      differences += Agree(state, found, change.key) ? 0 : 1;
    }
    if (differences == 0 && i + 1 >= at_least) match = i + 1;
  }
  return match;
}

void WriteHistory::CutTo(std::size_t writes) {
  steps_.resize(writes);
  acknowledged_ = writes;
  contents_.clear();
  for (const Step& step : steps_) {
    for (const Change& change : step) Apply(change, &contents_);
  }
}

WriteHistory::Step WriteHistory::MakeStep() {
  const std::size_t changes = random_.OneIn(8) ? 2 + random_.Below(6) : 1;
  Step step;
  for (std::size_t i = 0; i < changes; ++i) {
    const std::string key = key_prefix_ + std::to_string(random_.Below(kKeys));
    const bool removes = random_.OneIn(5) && (changes > 1 || contents_.contains(key));
    step.push_back({key, removes ? std::nullopt : std::optional(MakeValue(key))});
  }
  return step;
}

// Mostly small, sometimes long enough for several sectors, now and then for many.
std::string WriteHistory::MakeValue(const std::string& key) {
  const std::uint64_t bytes_max = random_.OneIn(24) ? 40'000 : random_.OneIn(4) ? 3'000 : 200;
  std::string value = key + "#" + std::to_string(++values_made_) + "#";
  const std::size_t bytes = value.size() + random_.Below(bytes_max);
  while (value.size() < bytes) value.push_back(static_cast<char>(random_.Next()));
  return value;
}

Status WriteHistory::Do(const Step& step, bool as_update, store::Store& store) {
  if (step.size() > 1) {
    WriteBatch batch;
    for (const Change& change : step) change.value ? batch.Set(change.key, *change.value) : batch.Remove(change.key);
    return store.Write(batch);
  }
  const Change& change = step.front();
  if (as_update) {
    return store.Update(change.key, [&](std::optional<std::string_view>) { return UpdateDecision(change.value); });
  }
  return change.value ? store.Set(change.key, *change.value) : store.Remove(change.key);
}

void WriteHistory::Apply(const Change& change, Contents* contents) {
  if (change.value) {
    (*contents)[change.key] = *change.value;
  } else {
    contents->erase(change.key);
  }
}

}  // namespace kvs::test
