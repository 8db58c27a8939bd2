#include "apps/torture/load/audit.h"

#include <algorithm>
#include <set>
#include <string>

namespace kvs::torture {
namespace {

constexpr std::uint32_t kKeysTogether = 64;

// The strings in a reply that is an array of them.
std::set<std::string> ElementsOf(std::string_view array) {
  std::set<std::string> elements;
  for (std::size_t at = array.find("\r\n$"); at != std::string_view::npos; at = array.find("\r\n$", at + 2)) {
    const std::size_t begin = array.find("\r\n", at + 2) + 2;
    elements.emplace(array.substr(begin, array.find("\r\n", begin) - begin));
  }
  return elements;
}

class Auditor {
 public:
  Auditor(Link& link, const Ledger& ledger, Rule rule, const std::atomic<bool>& gives_up, Report& report)
      : link_(link), ledger_(ledger), settlement_(ledger, rule), gives_up_(gives_up), report_(report) {}

  std::optional<std::vector<State>> Run() {
    for (std::uint32_t begin = 0; begin < ledger_.keys(); begin += kKeysTogether) {
      if (!Read(begin, std::min(begin + kKeysTogether, ledger_.keys()))) return std::nullopt;
    }
    if (!CompareListing()) return std::nullopt;
    std::vector<Violation> violations;
    std::vector<State> found = settlement_.Finish(&violations);
    for (const Violation& violation : violations) report_.Blame(violation);
    report_.Add(Figure::kAudits, ledger_.keys());
    return found;
  }

 private:
  bool Exchange(const std::string& request, std::uint32_t replies, FunctionRef<void(std::string_view)> visit) {
    const auto outcome = link_.Exchange(request, replies, visit, gives_up_);
    if (outcome == Link::Outcome::kHung) report_.Blame({"the server hung", ledger_.prefix(), "an answer", "none"});
    return outcome == Link::Outcome::kAnswered;
  }

  bool Read(std::uint32_t begin, std::uint32_t end) {
    std::string request;
    for (std::uint32_t key = begin; key < end; ++key) AppendCommand(request, {"GET", ledger_.KeyAt(key).name});
    const std::int64_t from_ms = UnixMs();
    std::uint32_t key = begin;
    return Exchange(request, end - begin, [&](std::string_view reply) { See(key++, reply, {from_ms, UnixMs()}); });
  }

  void See(std::uint32_t key, std::string_view reply, const Window& window) {
    if (!reply.starts_with('$')) {
      report_.Blame({"a read was refused", ledger_.KeyAt(key).name, "a value", std::string(reply)});
      return;
    }
    const auto text = TextOf(reply);
    settlement_.See(key, text, window);
    if (ledger_.KeyAt(key).kind == KeyKind::kExpiring) return;
    (text ? there_ : gone_).insert(ledger_.KeyAt(key).name);
  }

  // KEYS has to agree with GET, but for pairs that expire between the two.
  bool CompareListing() {
    std::string request;
    AppendCommand(request, {"KEYS", ledger_.prefix() + "*"});
    return Exchange(request, 1, [&](std::string_view reply) {
      const std::set<std::string> listed = ElementsOf(reply);
      for (const std::string& key : there_) {
        if (!listed.contains(key)) report_.Blame({"KEYS misses a key", key, "as GET", "not listed"});
      }
      for (const std::string& key : gone_) {
        if (listed.contains(key)) report_.Blame({"KEYS lists a key that is not there", key, "as GET", "listed"});
      }
    });
  }

  Link& link_;
  const Ledger& ledger_;
  Settlement settlement_;
  const std::atomic<bool>& gives_up_;
  Report& report_;
  std::set<std::string> there_;
  std::set<std::string> gone_;
};

}  // namespace

std::optional<std::vector<State>> Audit(Link& link, const Ledger& ledger, Rule rule, const std::atomic<bool>& gives_up,
                                        Report& report) {
  return Auditor(link, ledger, rule, gives_up, report).Run();
}

}  // namespace kvs::torture
