"""Results as Markdown. Pure functions of the JSON, so that a test can hold the pages against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.results import engine_digest
from monitor.drift import TESTS

Result = dict[str, Any]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Numbers to the right: every column but the first."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def percent(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{100 * value:.{digits}f} %"


def bounded(found: Result | None) -> str:
    """A share with its 95 % bounds."""
    if found is None:
        return ""
    return f"{percent(found['share'])} ({percent(found['low'])} to {percent(found['high'])}, n = {found['trials']})"


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.2f} ms"


OF_THE_ENGINE = ("speed", "false-alarms", "power", "cause", "real")
"""Benchmarks whose numbers follow from the drift engine."""


def measured_with(result: Result) -> str:
    """One line: form, processor, versions; a second one where the engine has changed since."""
    env = result["environment"]
    versions = ", ".join(f"{name} {version}" for name, version in env["versions"].items() if version != "absent")
    line = f"Form: {result['form']}. {env['processor']}, {env['cores']} cores, Python {env['python']}, {versions}."
    if result["name"] not in OF_THE_ENGINE or result.get("engine") == engine_digest():
        return line
    return f"{line}\n\nMeasured with an earlier version of the drift engine."


def _times(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _last(sizes: Sequence[int]) -> str:
    """The span of the three largest sizes."""
    return f"{sizes[-3:][0]:,} to {sizes[-1]:,}"


def speed(result: Result) -> str:
    parts = []
    for size in result["sizes"]:
        rows = []
        for found in size["engines"]:
            if "wall" not in found:
                rows.append([found["title"], found["reason"], "", "", ""])
                continue
            rows.append(
                [
                    found["title"],
                    seconds(found["wall"]),
                    seconds(found["cpu"]),
                    f"{found['ratio']:.2f}",
                    f"{found['peak_mb']:.0f}",
                ]
            )
        held = next(found["input_mb"] for found in size["engines"] if "input_mb" in found)
        parts += [
            f"**{size['rows']:,} rows x {size['features']} features** on either side, {held:.0f} MB of input",
            table(["engine", "wall", "CPU", "wall / xdrift", "peak MB above input"], rows),
        ]
        told = {
            "evidently": "evidently takes",
            "ks_alone": "the fastest peer that does KS alone takes",
            "sort": "sorting takes",
        }
        known = [
            f"{text} {_times(size['against'][key])} times as long" for key, text in told.items() if size["against"][key]
        ]
        parts.append(f"Against xdrift's measure, {', '.join(known)}.")
    rows, features = result["growth"]["rows"], result["growth"]["features"]
    parts.append(
        f"Cost grows with rows to the power of {rows['exponent']:.2f} ({_last(rows['sizes'])} rows, {rows['features']} "
        f"features), with features to the power of {features['exponent']:.2f} ({_last(features['sizes'])} features, "
        f"{features['rows']:,} rows)."
    )
    return "\n\n".join(parts)


def false_alarms(result: Result) -> str:
    summary = result["summary"]
    rows = []
    for level in ("warning", "severe"):
        one = summary[level]
        worst = one["worst"]
        where = f"{worst['pool']}, d = {worst['d']}, n = {worst['n']}, m = {worst['m']}"
        rows.append(
            [
                f"level {'1 or 2' if level == 'warning' else '2'}",
                percent(one["budget"], 0),
                bounded(one["all"]),
                f"{one['over_budget']} of {summary['cells']}",
                f"{where}: {bounded(worst)}",
            ]
        )
    parts = [table(["", "budget", "all trials", "cells proven over budget", "worst cell"], rows)]
    pools = list(dict.fromkeys(cell["pool"] for cell in result["cells"]))
    widths = sorted({cell["d"] for cell in result["cells"]})
    parts.append("Share of checks without drift that reach level 1 or 2 / level 2, all sizes together:")
    parts.append(
        table(
            ["pool", *(f"d = {d}" for d in widths)],
            [[pool, *(_cell(result, pool, d) for d in widths)] for pool in pools],
        )
    )
    peers = [
        [p["engine"], p.get("pool", ""), str(p.get("n", "")), bounded(p["flagged"]) if "flagged" in p else p["reason"]]
        for p in result["peers"]
    ]
    if peers:
        parts.append("Peers at their defaults, 50 features; a check counts when any feature is flagged:")
        parts.append(table(["peer", "pool", "rows", "flagged"], peers))
    return "\n\n".join(parts)


def _cell(result: Result, pool: str, d: int) -> str:
    cells = [cell for cell in result["cells"] if cell["pool"] == pool and cell["d"] == d]
    if not cells:
        return ""
    total = sum(cell["trials"] for cell in cells)
    return " / ".join(percent(sum(cell[level]["hits"] for cell in cells) / total) for level in ("warning", "severe"))


def power(result: Result) -> str:
    shifts = result["shifts"]
    rows = []
    for engine in result["engines"]:
        if "reason" in engine:
            rows.append([engine["engine"], engine["reason"], *[""] * (len(shifts) - 1)])
        else:
            rows.append([engine["engine"], *(_smallest(engine, shift["name"]) for shift in shifts)])
    names = [f"{shift['title']} ({shift['unit']})" for shift in shifts]
    parts = [
        f"Smallest shift seen in at least 80 % of trials, {result['n']} rows on either side: at a false-alarm rate of "
        f"{percent(result['rate'], 0)} for every engine / at its own defaults. A dash: not even the largest tried.",
        table(["engine", *names], rows),
    ]
    earlier = [engine["engine"] for engine in result["engines"] if engine.get("earlier")]
    if earlier:
        parts.append(f"Asked in an earlier run, about the same rows: {', '.join(earlier)}.")
    found = result["localisation"]
    if "share" in found:
        parts.append(
            f"Shifted feature first among the findings, single-feature shifts of PSI {found['least_psi']} or more: "
            f"{bounded(found)}."
        )
    own = result["engines"][0]
    curve = [
        [f"{row['shift']} {row['size']:g}", bounded(row["calibrated"]), bounded(row["default"])] for row in own["cases"]
    ]
    parts += [
        "xdrift's traffic view, every size:",
        table(["shift", "seen at the common rate", "level 1 or 2 at defaults"], curve),
    ]
    return "\n\n".join(parts)


def _smallest(engine: Result, shift: str) -> str:
    tried = {
        way: any(row["shift"] == shift and row[way] is not None for row in engine["cases"])
        for way in ("calibrated", "default")
    }
    found = engine["smallest"][shift]
    return " / ".join(("-" if found[way] is None else f"{found[way]:g}") if tried[way] else "n/a" for way in tried)


def cause(result: Result) -> str:
    verdicts = list(next(iter(result["matrix"].values())))
    rows = [
        [truth, *(str(found[verdict]) if found[verdict] else "" for verdict in verdicts)]
        for truth, found in result["matrix"].items()
    ]
    variants = [
        [
            one["variant"],
            one["cause"],
            f"{one['right']} of {one['runs']}",
            ", ".join(f"{verdict} {count}" for verdict, count in one["verdicts"].items()),
        ]
        for one in result["variants"]
    ]
    return "\n\n".join(
        [
            f"Accuracy {bounded(result['accuracy'])}; models of {' and '.join(result['families'])}.",
            table(["what was done", *verdicts], rows),
            table(["variant", "cause", "right", "verdicts"], variants),
        ]
    )


def real(result: Result) -> str:
    rows = [
        [
            one["name"],
            one["text"],
            str(len(one["windows"])),
            percent(one["share_warning"], 0),
            percent(one["share_severe"], 0),
            percent(one["share_rule_of_thumb"], 0),
            percent(one["loud_heard"], 0),
            percent(one["quiet_disturbed"], 0),
        ]
        for one in result["sets"]
    ]
    head = [
        "set",
        "story",
        "windows",
        "level 1+",
        "level 2",
        "PSI > 0.2",
        "heard when it should",
        "disturbed when quiet",
    ]
    levels = "\n".join(f"{one['name']:<16} {one['levels']}" for one in result["sets"])
    missing = f"\n\nNot there: {', '.join(result['missing'])}." if result["missing"] else ""
    return "\n\n".join(
        [
            table(head, rows),
            "Level of every window after the reference period, in order:",
            f"```text\n{levels}\n```{missing}",
        ]
    )


def memory(result: Result) -> str:
    rows = [
        [way["way"], f"{way['checks']:,}", f"{way['bytes_per_check']:.0f}", f"{way['rise_mb']:.2f}"]
        for way in result["ways"]
    ]
    return table(["way", "checks", "bytes per check", "rise in MB after the first checks"], rows)


def month(result: Result) -> str:
    rows, stray = [], []
    for one in result["months"]:
        pages = sum(found["page"] for found in one["unexpected"])
        if not one["eventful"]:
            stray.append([one["cadence"], "nothing", str(pages), str(len(one["unexpected"]) - pages)])
            continue
        stray.append([one["cadence"], "the incidents below", str(pages), str(len(one["unexpected"]) - pages)])
        rows += [
            [
                one["cadence"],
                told["incident"],
                told["alert"].removeprefix("Explanation"),
                "page" if told["page"] else "ticket",
                _hours(told["after_hours"]),
                _hours(told["promised_hours"]),
                _hours(told["over_hours"]),
                _hours(told["promised_over_hours"]),
            ]
            for told in one["incidents"]
        ]
    head = ["cadence", "incident", "alert", "kind", "fires after", "promised", "over after its end", "promised"]
    return "\n\n".join(
        [
            table(["cadence", "what happened", "pages without an incident", "tickets without an incident"], stray),
            table(head, rows),
        ]
    )


def _hours(value: float | None) -> str:
    if value is None:
        return "never"
    return f"{60 * value:.0f} min" if abs(value) < 2 else f"{value:.1f} h"


def of_test(name: str, alarms: Result | None, seen: Result | None) -> str:
    """The figures of one drift test, for its page."""
    parts = []
    if alarms is not None and name in alarms["summary"]["tests"]:
        one = alarms["summary"]["tests"][name]
        parts.append(
            f"Raised a level without drift in {bounded(one)} of checks, over {alarms['summary']['cells']} settings."
        )
    if seen is not None and any(name in row for row in seen["tests"]):
        rows = [
            [f"{row['shift']} {row['size']:g}", percent(row[name] / row["trials"], 0)]
            for row in seen["tests"]
            if row["shift"] != "null" and name in row
        ]
        parts.append(f"Raised a level under shifts of rising size ({seen['n']} rows on either side, share of trials):")
        parts.append(table(["shift", "raised"], rows))
    if not parts:
        judged = any(test.name == name for test in TESTS if test.judged)
        return (
            "Not measured yet." if judged else "It raises no level, so it has no false alarms and no power of its own."
        )
    return "\n\n".join(parts)


def telemetry(found: dict[str, Any]) -> str:
    """The explanation log of a simulated day, read while it was written."""
    rows = [
        [
            run["database"],
            f"{run['lines']:,}",
            f"{run['records_per_second']:,}",
            f"{run['records_per_second_between_kills']:,}",
            f"{run['records_per_cpu_second']:,}",
            f"{run['peak_rss_mb']:.0f}",
            str(run["kills"]),
            "; ".join(run["wrong"]) or "none",
        ]
        for run in found["runs"]
    ]
    head = [
        "database", "lines", "lines/s", "without the polls after a kill", "lines/CPU s", "peak MB of the reader",
        "reader killed", "wrong counters",
    ]  # fmt: skip
    return table(head, rows)


def writer(found: dict[str, Any]) -> str:
    """What one record costs the application that logs it."""
    rows = [
        [way["way"], *(f"{way[name]:,.0f}" for name in ("p50_us", "p90_us", "p99_us", "largest_us"))]
        for way in found["ways"]
    ]
    told = f"{found['records']:,} records each, {found['attributions']} attributions; {found['inputs']} inputs."
    return f"{told}\n\n{table(['record', 'p50, microseconds', 'p90', 'p99', 'largest'], rows)}"


def reports(found: dict[str, Any]) -> str:
    rows = [
        [
            f"{run['monitors']} with Evidently's sections" if run["evidently"] else f"{run['monitors']}",
            f"{run['seconds']:.1f} s",
            f"{run['cpu_seconds']:.1f} s",
            f"{run['peak_rss_mb']:.0f} MB",
            f"{run['largest_html_kb']:.0f} KB",
            f"{run['evidently_html_mb']:.1f} MB" if run["evidently"] else "",
        ]
        for run in found["runs"]
    ]
    head = ["monitors", "wall time", "CPU time", "peak memory", "largest HTML of a monitor", "its Evidently file"]
    before = (
        f"{found['monitors']} monitors of {found['features']} features, {found['weeks']} weeks, {found['checks']:,} "
        "checks, two model versions in the explanation log."
    )
    return f"{before}\n\n{table(head, rows)}"
