"""Results of `explain` as Markdown: every measurement for docs/benchmarks.md, the speeds alone for docs/engines.md."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.explain import PEER, TITLES
from benchmarks.tables import Result, seconds, table


def explain(result: Result) -> str:
    """Every engine, one table per number of threads."""
    head = ["model", "engine", "rows", "rows/s", "rows per CPU s", "prepare", "peak MB", "difference", "longest pause"]
    families = {family["name"]: family["title"] for family in result["families"]}
    parts = []
    for threads in _threads(result):
        rows = [
            cells
            for engine in result["engines"]
            if engine["threads"] == threads
            for cells in _lines(families[engine["family"]], engine)
        ]
        parts += [f"**{_cores(threads)}**", table(head, rows)]
    told = f"{result['features']} features. Libraries: {_versions(result['libraries'])}."
    if result["peer_libraries"]:
        told += f" In the peer's environment: {_versions(result['peer_libraries'])}."
    return "\n\n".join([*parts, told])


def _versions(libraries: Result) -> str:
    return ", ".join(f"{name} {version}" for name, version in libraries.items())


def _lines(family: str, engine: Result) -> list[list[str]]:
    title = TITLES[engine["engine"]]
    if "reason" in engine:
        return [[family, title, engine["reason"], *[""] * 6]]
    once = [
        seconds(engine["prepare"]),
        f"{engine['peak_mb']:.0f}",
        "" if engine["difference"] is None else f"{engine['difference']:.0e}",
    ]
    return [
        [
            family,
            title,
            f"{size['rows']:,}",
            _rate(size["per_second"]),
            _rate(size["per_cpu_second"]),
            *(once if size is engine["sizes"][0] else [""] * len(once)),
            f"{1000 * size['pause']:,.0f} ms",
        ]
        for size in engine["sizes"]
    ]


def engines(result: Result) -> str:
    """Rows per second of wall time, with the factor between tree-compiled and the peer."""
    parts = []
    for threads in _threads(result):
        rows = []
        for family in result["families"]:
            found = {
                engine["engine"]: engine
                for engine in result["engines"]
                if engine["family"] == family["name"] and engine["threads"] == threads
            }
            oracle = next(name for name in found if name not in ("xdrift", PEER))
            own, peer, other = found["xdrift"], found.get(PEER), found[oracle]
            ours = [family["title"], _rates(own), _rates(peer), _factor(own, peer)]
            rows.append([*ours, f"{_rates(other)} ({TITLES[oracle]})", _factor(own, other)])
        head = [_cores(threads), "tree-compiled", TITLES[PEER], "times", "the library's own, or shap", "times"]
        parts.append(table(head, rows))
    return "\n\n".join(parts)


def _threads(result: Result) -> list[int]:
    return sorted({engine["threads"] for engine in result["engines"]})


def _cores(threads: int) -> str:
    return "1 thread, one core" if threads == 1 else f"{threads} threads"


def _rate(value: float) -> str:
    """Three digits are more than such a figure holds."""
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:.1f}"


def _rates(engine: Result | None) -> str:
    if engine is None:
        return "not asked"
    if "reason" in engine:
        return "error" if engine["reason"].startswith("failed") else engine["reason"]
    return " / ".join(_rate(size["per_second"]) for size in engine["sizes"])


def _factor(own: Result, other: Result | None) -> str:
    """How many times as fast; against an engine that got fewer rows, one by one from the smallest."""
    if other is None or "reason" in own or "reason" in other:
        return ""
    mine: Sequence[Result] = own["sizes"][: len(other["sizes"])]
    return " / ".join(f"{a['per_second'] / b['per_second']:.1f}" for a, b in zip(mine, other["sizes"], strict=True))
