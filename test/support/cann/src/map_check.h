// What a C++ library would do with a std::map and a std::vector that came from outside, all of it, so that a wrong
// layout is found here and not on a user's machine: both directions, searches, copies, and the red-black tree itself.
#pragma once
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "ge_types.h"
#include "standin.h"

namespace standin {

namespace tree {

using Node = std::_Rb_tree_node_base;

/** Black height below `node`, or -1 after the first broken rule. */
inline int blackHeight(const Node *node, const Node *parent, std::string &problem) {
  if (node == nullptr) return 1;
  if (node->_M_parent != parent) problem = "a node's parent is not its parent";
  const bool red = node->_M_color == std::_S_red;
  if (red && parent->_M_color == std::_S_red) problem = "a red node has a red child";
  if (!problem.empty()) return -1;
  const int left = blackHeight(node->_M_left, node, problem), right = blackHeight(node->_M_right, node, problem);
  if (problem.empty() && left != right) problem = "the branches of a node have different numbers of black nodes";
  return problem.empty() ? left + (red ? 0 : 1) : -1;
}

inline std::string check(const ge::Options &map) {
  const Node *header = map.end()._M_node;
  const Node *root = header->_M_parent;
  if (header->_M_color != std::_S_red) return "the header is not red";
  if (root == nullptr) return header->_M_left == header && header->_M_right == header ? "" : "an empty map's header does not point at itself";
  if (root->_M_parent != header) return "the root's parent is not the header";
  if (root->_M_color != std::_S_black) return "the root is not black";
  const Node *least = root, *most = root;
  while (least->_M_left != nullptr) least = least->_M_left;
  while (most->_M_right != nullptr) most = most->_M_right;
  if (header->_M_left != least || header->_M_right != most) return "the header does not point at the first and the last node";
  std::string problem;
  // The root's parent is the header, which is red by convention and no red parent.
  const int left = blackHeight(root->_M_left, root, problem), right = blackHeight(root->_M_right, root, problem);
  if (problem.empty() && left != right) problem = "the branches of the root have different numbers of black nodes";
  return problem;
}

}  // namespace tree

/** The map as JSON: its entries in order. Uses it in every way; a fault is a violation. */
inline std::string useMap(const ge::Options &map) {
  std::string problem = tree::check(map);
  std::vector<std::string> forwards, backwards;
  if (problem.empty()) {
    for (const auto &[key, value] : map) forwards.push_back("[" + jsonText(key.GetString()) + "," + jsonText(value.GetString()) + "]");
    for (auto at = map.rbegin(); at != map.rend(); ++at) {
      backwards.push_back("[" + jsonText(at->first.GetString()) + "," + jsonText(at->second.GetString()) + "]");
    }
    std::reverse(backwards.begin(), backwards.end());
    if (forwards != backwards) problem = "backwards the map is another one than forwards";
    if (forwards.size() != map.size()) problem = "the map has " + std::to_string(forwards.size()) + " entries and says " + std::to_string(map.size());
    const ge::AscendString *before = nullptr;
    for (const auto &entry : map) {
      if (before != nullptr && !(*before < entry.first)) problem = "the keys are not in order";
      before = &entry.first;
      const auto found = map.find(entry.first);
      if (found == map.end() || &*found != &entry) problem = std::string("a search does not find ") + entry.first.GetString();
      if (strlen(entry.first.GetString()) != entry.first.GetLength()) problem = "a key's length is wrong";
    }
    if (map.find(ge::AscendString("no such key \x7f")) != map.end()) problem = "a search finds what is not there";
  }
  if (problem.empty()) {
    ge::Options copy = map;
    copy[ge::AscendString("~ added by the stand-in")] = ge::AscendString("1");
    if (copy.size() != map.size() + 1 || !tree::check(copy).empty()) problem = "a copy of the map is broken";
    while (!copy.empty()) copy.erase(copy.begin());
  }
  if (!problem.empty()) {
    violation("std::map: " + problem);
    return "null";
  }
  std::string out = "[";
  for (const auto &entry : forwards) out += (out.size() > 1 ? "," : "") + entry;
  return out + "]";
}

/** The strings as JSON, by way of a copy. */
inline std::string useStrings(const std::vector<ge::AscendString> &strings) {
  if (strings.capacity() < strings.size()) violation("std::vector: less room than elements");
  std::vector<ge::AscendString> copy = strings;
  copy.push_back(ge::AscendString("added"));
  std::string out = "[";
  for (size_t i = 0; i < strings.size(); i++) out += (i > 0 ? "," : "") + jsonText(copy[i].GetString());
  return out + "]";
}

}  // namespace standin
