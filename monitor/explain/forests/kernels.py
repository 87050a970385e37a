"""Shapley values of trees by Gauss-Legendre quadrature, many rows at a time.

A leaf of value v whose path splits on k distinct features contributes v times a product over them: feature i gives
o_i (1 where the row meets all splits on i along the path, else 0) when it is known, and z_i (the product of the shares
of the training rows that met them) when it is not. By Owen (1972), Multilinear extensions of games, the Shapley value
of feature j is the integral of the derivative along the diagonal of the multilinear extension:

    phi_j = v * integral over t in (0, 1) of (o_j - z_j) * product over i != j of ((1 - t) * z_i + t * o_i)

The integrand is a polynomial of degree k - 1, so that Gauss-Legendre quadrature with m >= k / 2 points is exact. At
each point the product over a path is built on the way down a tree, and the sum of the leaves is folded on the way up,
so that a row costs (nodes * m) steps, without tables and without divisions; all factors are positive, hence nothing
cancels. The same sums at roots of polynomials are due to Yu and others (2022), Linear TreeShap.

Every row has its own lane, and every lane does the same in the same order: results do not depend on the rows beside.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.compiled import kernel
from monitor.types import Floats

LANES = 128
"""Rows that walk a tree together: enough to hide the cost of a step, few enough that their state stays in the cache."""

DOWN_FIRST, DOWN_SECOND, UP_BOTH, UP_ONE, UP_PAIR = range(5)
"""Steps of a walk: to a child that splits again; back to a node of which no child, the second, or both are leaves."""

NODE = np.dtype(
    [
        ("feature", np.int32), ("previous", np.int32),  # level below which this feature was split before, or 0
        ("low", np.int32), ("high", np.int32),  # the first child is for low < code <= high
        ("table", np.int32),  # or, for categories, where table[code] is set; -1 otherwise
        ("missing", np.uint8), ("leaves", np.uint8),  # missing goes to the first child; children that are leaves
        ("z_before", np.float64), ("z_first", np.float64), ("z_second", np.float64),  # z of the feature
        ("share_first", np.float64), ("share_second", np.float64),
    ],
    align=True,
)  # fmt: skip
STEP = np.dtype([("kind", np.int32), ("node", np.int32), ("level", np.int32), ("side", np.int32)])
PART = np.dtype(
    [
        ("first_step", np.int64), ("last_step", np.int64), ("first_node", np.int64), ("last_node", np.int64),
        ("leaves", np.int64),  # node + leaves: its place in the arrays of leaf values
        ("points", np.int64), ("output", np.int64),
    ]
)  # fmt: skip
_WEIGHTS = 11


@kernel
def attribute(
    x: Floats, values: Floats, nodes: Any, steps: Any, parts: Any, leaves: Floats, tables: Any, grid: Floats,
    starts: Any, codes: Any, points: Floats, levels: int,
) -> None:  # fmt: skip
    """Add the Shapley values of rows x (n, d) to values (n, d, outputs), tree after tree.

    leaves (2, m): values of first and second children that are leaves. grid, starts: the thresholds of feature f in
    order are grid[starts[f] : starts[f + 1]]. codes (d,): number of categories, -1 for numbers. points (2, m, m):
    quadrature points and weights by number of points, less one. levels: of the deepest tree.
    """
    n, d, outputs = values.shape
    blocks = (n + LANES - 1) // LANES
    coded = np.zeros((blocks * d, LANES), np.int32)
    encode(x, coded, grid, starts, codes)
    phi = np.zeros((blocks * d * outputs, LANES))
    m = points.shape[1]
    down = np.ones(((levels + 2) * m, LANES))
    up = np.zeros(((levels + 2) * 2 * m, LANES))
    first = np.zeros((levels + 2, LANES), np.uint8)
    met = np.ones((levels + 2, LANES), np.uint8)
    largest = 1
    for part in range(len(parts)):
        largest = max(largest, (parts[part].last_node - parts[part].first_node) * parts[part].points)
    weights = np.empty((largest, _WEIGHTS))
    for part in range(len(parts)):
        weigh(nodes, parts, part, leaves, points, weights)
        for block in range(blocks):
            walk(coded, phi, block * d, outputs, nodes, steps, parts, part, tables, weights, down, up, first, met)
    for row in range(n):
        for f in range(d):
            for output in range(outputs):
                values[row, f, output] += phi[((row // LANES) * d + f) * outputs + output, row % LANES]


@kernel
def encode(x: Floats, coded: Any, grid: Floats, starts: Any, codes: Any) -> None:
    """Numbers as how many thresholds of the feature lie below them, categories as their code; -1 for missing."""
    n, d = x.shape
    for row in range(n):
        for f in range(d):
            value = x[row, f]
            if np.isnan(value):
                code = -1
            elif codes[f] >= 0:
                code = int(value) if 0 <= value < codes[f] else codes[f]
            else:
                code, above = starts[f], starts[f + 1]
                while code < above:
                    middle = (code + above) // 2
                    if grid[middle] < value:
                        code = middle + 1
                    else:
                        above = middle
                code -= starts[f]
            coded[(row // LANES) * d + f, row % LANES] = code


@kernel
def weigh(nodes: Any, parts: Any, part: int, leaves: Floats, points: Floats, weights: Floats) -> None:
    """What every split of a tree multiplies with, by quadrature point; see `walk` for the eleven columns.

    With a(o, z) = (1 - t) z + t o the factor of the feature goes from a(o, z_before) to a(o', z) at this edge, and
    its part in phi from (o - z_before) / a(o, z_before) to (o' - z) / a(o', z), where -z / a(0, z) = -1 / (1 - t). A
    row that left the path before (o = 0) has no say any more: its factor changes by the share alone.
    """
    m = parts[part].points
    for n in range(parts[part].first_node, parts[part].last_node):
        node = nodes[n]
        place = n + parts[part].leaves
        for q in range(m):
            t = points[0, m - 1, q]
            w = weights[(n - parts[part].first_node) * m + q]
            before = 1.0 / ((1.0 - t) * node.z_before + t)
            on_first = (1.0 - t) * node.z_first + t
            on_second = (1.0 - t) * node.z_second + t
            gone = -1.0 / (1.0 - t) - (1.0 - node.z_before) * before
            w[0], w[1], w[2] = on_first * before, (1.0 - t) * node.z_first * before, node.share_first
            w[3], w[4], w[5] = (1.0 - t) * node.z_second * before, on_second * before, node.share_second
            w[6] = (1.0 - node.z_first) / on_first - (1.0 - node.z_before) * before
            w[7] = (1.0 - node.z_second) / on_second - (1.0 - node.z_before) * before
            w[8] = gone
            if node.leaves > 0:
                one, two = leaves[0, place] * points[1, m - 1, q], leaves[1, place] * points[1, m - 1, q]
                w[9] = w[0] * one * w[6] + w[3] * two * gone
                w[10] = w[1] * one * gone + w[4] * two * w[7]
                w[3] = w[0] * one + w[3] * two
                w[4] = w[1] * one + w[4] * two
                w[5] = w[2] * one + w[5] * two


@kernel
def walk(
    coded: Any, phi: Floats, base: int, outputs: int, nodes: Any, steps: Any, parts: Any, part: int, tables: Any,
    weights: Floats, down: Floats, up: Floats, go: Any, met: Any,
) -> None:  # fmt: skip
    """One tree, LANES rows. Loops stand in this one function: calls that pass arrays would count references.

    down (levels * m): the product over the path at each point. up (levels * 2 * m): the sum over the leaves below the
    first and second child. go (levels): whether the split sends the row to the first child. met (levels + 1): o of
    the split feature after the edge taken; row 0 is all ones.
    """
    m = parts[part].points
    stride = down.shape[0] // met.shape[0]
    for s in range(parts[part].first_step, parts[part].last_step):
        kind, n, level, side = steps[s].kind, steps[s].node, steps[s].level, steps[s].side
        old = nodes[n].previous
        again = old > 0
        if kind in (DOWN_FIRST, UP_PAIR):
            x, low, high, table, missing = (
                base + nodes[n].feature, nodes[n].low, nodes[n].high, nodes[n].table, nodes[n].missing,
            )  # fmt: skip
            if table >= 0:
                for r in range(LANES):
                    code = coded[x, r]
                    go[level, r] = missing if code < 0 else tables[table + code]
            else:
                for r in range(LANES):
                    code = coded[x, r]
                    go[level, r] = ((code > low) & (code <= high)) | ((code < 0) & (missing > 0))
        if kind == DOWN_FIRST:
            for r in range(LANES):
                met[level + 1, r] = met[old, r] & go[level, r]
        elif kind == DOWN_SECOND:
            for r in range(LANES):
                met[level + 1, r] = met[old, r] & (1 - go[level, r])
        out = (base + nodes[n].feature) * outputs + parts[part].output
        for q in range(m):
            k = (n - parts[part].first_node) * m + q
            p, u = level * stride + q, (2 * level + side) * stride + q
            u1 = (2 * level + 2) * stride + q
            u2 = u1 + stride
            if kind <= DOWN_SECOND:
                on, off, cold = weights[k, 3 * kind], weights[k, 3 * kind + 1], weights[k, 3 * kind + 2]
                if again:
                    for r in range(LANES):
                        down[p + stride, r] = down[p, r] * ((on if go[level, r] else off) if met[old, r] else cold)
                else:
                    for r in range(LANES):
                        down[p + stride, r] = down[p, r] * (on if go[level, r] else off)
                continue
            on, off, cold = weights[k, 3], weights[k, 4], weights[k, 5]
            f1, f2, gone = weights[k, 6], weights[k, 7], weights[k, 8]
            e1, e2 = weights[k, 9], weights[k, 10]
            if kind == UP_BOTH:
                if again:
                    for r in range(LANES):
                        change = up[u1, r] * (f1 if go[level, r] else gone) + up[u2, r] * (gone if go[level, r] else f2)
                        phi[out, r] += change if met[old, r] else 0.0
                else:
                    for r in range(LANES):
                        phi[out, r] += (
                            up[u1, r] * (f1 if go[level, r] else gone) + up[u2, r] * (gone if go[level, r] else f2)
                        )  # fmt: skip
                for r in range(LANES):
                    up[u, r] = up[u1, r] + up[u2, r]
            elif kind == UP_ONE:
                if again:
                    for r in range(LANES):
                        change = up[u1, r] * (f1 if go[level, r] else gone) + down[p, r] * (e1 if go[level, r] else e2)
                        phi[out, r] += change if met[old, r] else 0.0
                    for r in range(LANES):
                        up[u, r] = up[u1, r] + down[p, r] * ((on if go[level, r] else off) if met[old, r] else cold)
                else:
                    for r in range(LANES):
                        phi[out, r] += (
                            up[u1, r] * (f1 if go[level, r] else gone) + down[p, r] * (e1 if go[level, r] else e2)
                        )  # fmt: skip
                    for r in range(LANES):
                        up[u, r] = up[u1, r] + down[p, r] * (on if go[level, r] else off)
            elif again:
                for r in range(LANES):
                    phi[out, r] += down[p, r] * ((e1 if go[level, r] else e2) if met[old, r] else 0.0)
                for r in range(LANES):
                    up[u, r] = down[p, r] * ((on if go[level, r] else off) if met[old, r] else cold)
            else:
                for r in range(LANES):
                    phi[out, r] += down[p, r] * (e1 if go[level, r] else e2)
                for r in range(LANES):
                    up[u, r] = down[p, r] * (on if go[level, r] else off)
