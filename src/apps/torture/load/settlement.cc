#include "apps/torture/load/settlement.h"

#include <algorithm>
#include <utility>

namespace kvs::torture {

Settlement::Settlement(const Ledger& ledger, Rule rule)
    : ledger_(ledger),
      rule_(rule),
      may_be_count_(ledger.in_flight().size() + 1, true),
      effects_(ledger.in_flight().size() + 1, Effect::kUnknown),
      found_(ledger.keys()) {
  for (std::size_t i = 0; i < ledger.in_flight().size(); ++i) {
    const Operation& operation = ledger.in_flight()[i];
    if (operation.command == Command::kGet) continue;
    for (const Change& change : operation.changes) {
      std::vector<Step>& steps = changed_[change.key];
      if (steps.empty()) steps.push_back({0, ledger.acknowledged(change.key)});
      steps.push_back({i + 1, change.to});
    }
  }
}

void Settlement::See(std::uint32_t key, std::optional<std::string_view> found, const Window& window) {
  const auto changed = changed_.find(key);
  const std::vector<Step> steps =
      changed == changed_.end() ? std::vector<Step>{{0, ledger_.acknowledged(key)}} : changed->second;
  std::vector<bool> fits;
  const Step* fitting = nullptr;
  std::string expected;
  for (const Step& step : steps) {
    fits.push_back(Fits(ledger_.KeyAt(key), step.state, found, window));
    if (fits.back()) fitting = &step;
    expected += (expected.empty() ? "" : "; or, not answered: ") + DescribeState(step.state);
  }
  if (fitting == nullptr) {
    violations_.push_back(
        {"a wrong value", ledger_.KeyAt(key).name, expected, DescribeFound(ledger_.KeyAt(key), found)});
    found_[key] = State{.generation = kUnknownGeneration};
    return;
  }
  if (found) found_[key] = fitting->state;  // A key that is gone has no state left.
  if (found_[key].gone_by_ms == kForever) found_[key].gone_by_ms = window.to_ms + found_[key].ttl_ms;
  if (steps.size() > 1) SeeChanged(key, steps, fits);
}

void Settlement::SeeChanged(std::uint32_t key, const std::vector<Step>& steps, const std::vector<bool>& fits) {
  if (rule_ == Rule::kAnyOfThem) {
    if (std::count(fits.begin(), fits.end(), true) != 1) return;  // It may have been this or that.
    NoteEffects(key, steps, static_cast<std::size_t>(std::find(fits.begin(), fits.end(), true) - fits.begin()));
    return;
  }
  evidence_ += " " + ledger_.KeyAt(key).name + " (after";
  for (std::size_t step = 0, count = 0; count < may_be_count_.size(); ++count) {
    while (step + 1 < steps.size() && steps[step + 1].operations <= count) ++step;
    if (!fits[step]) may_be_count_[count] = false;
    if (fits[step] && steps[step].operations == count) evidence_ += " " + std::to_string(count);
  }
  evidence_ += ")";
}

void Settlement::NoteEffects(std::uint32_t key, const std::vector<Step>& steps, std::size_t taken) {
  if (taken > 0) Note(steps[taken].operations, Effect::kTaken, key);
  for (std::size_t later = taken + 1; later < steps.size(); ++later) {
    Note(steps[later].operations, Effect::kNotTaken, key);
  }
}

void Settlement::Note(std::size_t operation, Effect effect, std::uint32_t key) {
  Effect& noted = effects_[operation];
  if (noted != Effect::kUnknown && noted != effect) {
    violations_.push_back({"half of a batch", ledger_.KeyAt(key).name, "all of its keys changed, or none", "some did"});
  }
  noted = effect;
}

std::vector<State> Settlement::Finish(std::vector<Violation>* violations) {
  const bool has_count = std::find(may_be_count_.begin(), may_be_count_.end(), true) != may_be_count_.end();
  if (!has_count && violations_.empty()) {
    violations_.push_back({"no moment of this connection's writes", ledger_.prefix(),
                           "the first N of " + std::to_string(effects_.size() - 1) + " operations in flight",
                           "keys as after different numbers of them:" + evidence_});
  }
  violations->insert(violations->end(), std::make_move_iterator(violations_.begin()),
                     std::make_move_iterator(violations_.end()));
  return std::move(found_);
}

}  // namespace kvs::torture
