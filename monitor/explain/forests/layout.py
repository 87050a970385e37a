"""The order in which a tree is walked."""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.compiled import kernel
from monitor.explain.forests.kernels import DOWN_FIRST, DOWN_SECOND, UP_BOTH
from monitor.types import Floats


@kernel
def lay_out(
    left: Any, right: Any, feature: Any, cover: Floats, nodes: Any, sources: Any, steps: Any, reach: Floats
) -> Any:
    """The walk of one tree: (splits, steps, levels, most distinct features on a path).

    Fills nodes, sources (splits, 3: the tree's node, its first and its second child) and steps, and into reach (nodes)
    the share of the training rows that came to each node. A child that is the only leaf becomes the second.
    """
    size = len(left)
    index = np.zeros(size, np.int64)
    phase = np.zeros(size, np.int64)
    sides = np.zeros(size, np.int64)
    split_on = np.zeros(size, np.int64)
    z = np.ones(size)
    distinct = np.zeros(size + 1, np.int64)
    reach[0] = 1.0
    n_nodes = n_steps = level = levels = most = 0
    tree_node = np.zeros(size, np.int64)
    if left[0] < 0:
        return 0, 0, 0, 0
    while level >= 0:
        if phase[level] == 0:
            i = tree_node[level]
            n = n_nodes
            n_nodes += 1
            index[level] = n
            a, b = left[i], right[i]
            if left[a] < 0 and left[b] >= 0:
                a, b = b, a
            f = feature[i]
            split_on[level] = f
            node = nodes[n]
            node.feature = f
            node.previous = 0
            before = 1.0
            for other in range(level - 1, -1, -1):
                if split_on[other] == f:
                    node.previous = other + 1
                    before = z[other]
                    break
            distinct[level + 1] = distinct[level] + (node.previous == 0)
            most = max(most, distinct[level + 1])
            levels = max(levels, level + 1)
            node.z_before = before
            node.share_first = cover[a] / cover[i]
            node.share_second = cover[b] / cover[i]
            node.z_first = before * node.share_first
            node.z_second = before * node.share_second
            node.leaves = (left[a] < 0) + (left[b] < 0)
            reach[a] = reach[i] * node.share_first
            reach[b] = reach[i] * node.share_second
            sources[n, 0], sources[n, 1], sources[n, 2] = i, a, b
        n = index[level]
        step = steps[n_steps]
        n_steps += 1
        step.node, step.level, step.side = n, level, sides[level]
        if phase[level] == 0 and nodes[n].leaves < 2:
            step.kind = DOWN_FIRST
            phase[level] = 1
            z[level] = nodes[n].z_first
            sides[level + 1] = 0
            phase[level + 1] = 0
            tree_node[level + 1] = sources[n, 1]
            level += 1
        elif phase[level] == 1 and nodes[n].leaves == 0:
            step.kind = DOWN_SECOND
            phase[level] = 2
            z[level] = nodes[n].z_second
            sides[level + 1] = 1
            phase[level + 1] = 0
            tree_node[level + 1] = sources[n, 2]
            level += 1
        else:
            step.kind = UP_BOTH + nodes[n].leaves
            level -= 1
    return n_nodes, n_steps, levels, most
