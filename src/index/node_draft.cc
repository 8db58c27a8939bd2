#include "index/node_draft.h"

#include "base/check.h"

namespace kvs::index {

NodeDraft::NodeDraft(const InnerNode& node) {
  separators_.reserve(InnerNode::kSeparatorsMax + 1);
  children_.reserve(InnerNode::kChildrenMax + 1);
  for (unsigned i = 0; i < node.count(); ++i) separators_.push_back(node.separator(i));
  for (unsigned i = 0; i <= node.count(); ++i) children_.push_back(node.child(i));
}

void NodeDraft::Apply(const Splice& splice) {
  KVS_CHECK(splice.removed >= 1 && splice.first + splice.removed <= children_.size());
  const auto separator = separators_.begin() + splice.first;
  const auto next = separators_.erase(separator, separator + (splice.removed - 1));
  if (splice.added == 2) separators_.insert(next, splice.separator);
  const auto child = children_.begin() + splice.first;
  const auto place = children_.erase(child, child + splice.removed);
  children_.insert(place, splice.children.begin(), splice.children.begin() + splice.added);
}

void NodeDraft::AppendNode(std::string_view separator, const NodeDraft& right) {
  separators_.push_back(separator);
  separators_.insert(separators_.end(), right.separators_.begin(), right.separators_.end());
  children_.insert(children_.end(), right.children_.begin(), right.children_.end());
}

}  // namespace kvs::index
