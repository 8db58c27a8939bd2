// NodeDraft: the separators and children of an inner node during a change, before new nodes are made from them.
//
// Lifetime    Separators are views into nodes and records, which must outlive the draft.
// Limits      As many children as fit into two nodes.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "index/arena.h"
#include "index/inner_node.h"

namespace kvs::index {

// Replaces `removed` adjacent children from `first` on by one new child, or by two with a separator.
struct Splice {
  unsigned first;
  unsigned removed;
  unsigned added;
  std::array<NodeId, 2> children;
  std::string_view separator;

  static Splice ToOne(unsigned first, unsigned removed, NodeId child) { return {first, removed, 1, {child, 0}, {}}; }
  static Splice ToTwo(unsigned first, NodeId left, std::string_view separator, NodeId right) {
    return {first, 1, 2, {left, right}, separator};
  }
};

class NodeDraft {
 public:
  explicit NodeDraft(const InnerNode& node);

  void Apply(const Splice& splice);
  void AppendNode(std::string_view separator, const NodeDraft& right);

  std::size_t count() const { return separators_.size(); }  // Of separators.
  std::span<const std::string_view> separators() const { return separators_; }
  std::span<const NodeId> children() const { return children_; }

 private:
  std::vector<std::string_view> separators_;
  std::vector<NodeId> children_;
};

}  // namespace kvs::index
