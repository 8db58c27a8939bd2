// A floor: an engine that does nothing. Its figures are the costs of the harness.
#include "engine.h"
#include "keys.h"

namespace kvs::bench {
namespace {

class EmptySession final : public Session {
 public:
  explicit EmptySession(std::size_t value_bytes) : value_bytes_(value_bytes) {}
  void Set(std::string_view, std::string_view) override {}
  void Remove(std::string_view) override {}
  Sighting Get(std::string_view key) override { return {value_bytes_, LeadOf(key)}; }
  ScanSum Scan(std::string_view, std::uint64_t limit) override { return {limit, limit * value_bytes_, 0}; }

 private:
  const std::size_t value_bytes_;
};

class EmptyEngine final : public Engine {
 public:
  explicit EmptyEngine(const Settings& settings) : value_bytes_(settings.value_bytes) {}
  std::string Describe() const override { return "floor: does nothing, so that its figures are the harness"; }
  std::unique_ptr<Session> NewSession() override { return std::make_unique<EmptySession>(value_bytes_); }
  void Sync() override {}
  bool Compact() override { return false; }

 private:
  const std::size_t value_bytes_;
};

}  // namespace

std::unique_ptr<Engine> OpenEmpty(const Settings& settings) { return std::make_unique<EmptyEngine>(settings); }

}  // namespace kvs::bench
