"""A report as HTML, Markdown and JSON. HTML is one file: style and charts are in it, nothing is fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from monitor.publish.phrases import number, percent, share, stamp
from monitor.publish.serialise import to_json
from monitor.reports import charts, figures
from monitor.reports.compliance_model import ComplianceReport
from monitor.reports.model import FleetReport, MonitorReport
from monitor.reports.words import count, day, day_and_time, ordinal

HERE = Path(__file__).parent
STATE_WORDS = {
    "none": ("✓", "quiet"),
    "warning": ("▲", "warning"),
    "severe": ("■", "severe"),
    "unknown": ("?", "not judged"),
    "nothing": ("–", "no check"),
}
"""Symbol and word: colour never stands alone."""
SUBJECT = 120
"""Characters of a subject."""
COUNTS_MORE = (
    "A feature that counts 2x more: the model leans on it twice as much (mean size of its attributions, whichever way "
    "they push)."
)
WHICH_ROWS = (
    "These figures are of recent predictions, the rows of the week: other rows than last week's and than the "
    "reference's. What is said of the same holdout rows compares the model alone, so its figures differ."
)
DISCLAIMER = "Attributions say what the model used, not what causes what."


@cache
def environment(*, escape: bool) -> Environment:
    """Jinja over the room's templates; an undefined name is an error and not an empty place."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=escape,  # noqa: S701 - off for Markdown only, which escapes by itself
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(
        STATE_WORDS=STATE_WORDS,
        DISCLAIMER=DISCLAIMER,
        COUNTS_MORE=COUNTS_MORE,
        WHICH_ROWS=WHICH_ROWS,
        count=count,
        ordinal=ordinal,
    )
    for function in (number, percent, share, stamp, day, day_and_time, moment):
        env.filters[function.__name__] = function
    env.filters["cell"] = _cell
    return env


def moment(at: datetime) -> str:
    """`2026-10-05 06:00 UTC`, for documents that are compared and filed."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def style() -> Markup:
    return Markup((HERE / "templates" / "report.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file


def monitor_html(report: MonitorReport, fleet: FleetReport, *, extra: str | None = None) -> str:
    """`extra`: the name of a file beside this one with Evidently's sections."""
    return _html(
        "monitor.html", report=report, fleet=fleet, extra=extra, nothing_found=_nothing_found(report),
        **_monitor_charts(report),
    )  # fmt: skip


def _nothing_found(report: MonitorReport) -> str:
    """What is said where the weeks have no episode."""
    judged = sum(one.state not in ("unknown", "nothing") for one in report.trend)
    if judged == len(report.trend):
        return "Nothing was found in any of them."
    return f"Nothing was found in the {count(judged, 'week')} that could be judged." if judged else "None was judged."


def fleet_html(fleet: FleetReport) -> str:
    rows = [charts.state_rows(one.monitor, one.trend) for one in fleet.monitors]
    heat = charts.heatmap(
        "fleet-heat", "Every monitor, week by week",
        "One row per monitor, one column per week; the latest week is on the right.", rows, fleet.weeks,
    )  # fmt: skip
    return _html("fleet.html", fleet=fleet, heat=heat)


def summary(fleet: FleetReport) -> tuple[str, str, str]:
    """Subject, text and HTML of what is told about a report."""
    subject = f"xdrift {fleet.week}: {fleet.headline.rstrip('.')}"
    html = environment(escape=True).get_template("mail.html").render(fleet=fleet)
    text = environment(escape=False).get_template("mail.txt").render(fleet=fleet)
    return subject[:SUBJECT], f"{text.strip()}\n", html


def _monitor_charts(report: MonitorReport) -> dict[str, Markup | None]:
    weeks = [one.week for one in report.trend]
    strip = charts.heatmap(
        "strip", "The monitor, week by week", "Highest level of each week; the latest is on the right.",
        [charts.state_rows(report.monitor, report.trend)], weeks, labels=False,
    )  # fmt: skip
    heat = bump = bars = swarm = None
    if report.features:
        heat = charts.heatmap(
            "heat", "Level of every feature, week by week",
            "One row per feature, the most important first; the highest level of each week.",
            charts.feature_rows(report.features, weeks), weeks,
        )  # fmt: skip
        bump = charts.bump(
            "bump", "Place of each feature by importance, week by week",
            "The most important feature is at the top; a coloured line raised a level and changed its place.",
            report.features, weeks,
        )  # fmt: skip
    if report.parts:
        bars = charts.bars(
            "bars", "Model part and data part of each feature's change",
            "Change of importance against the reference, to the right more, to the left less.", report.parts,
        )  # fmt: skip
    if report.swarms:
        swarm = charts.swarms(
            "swarm", "Attributions of single predictions, then and now",
            "Per feature the reference above and the latest sample below; to the right raises the output.",
            report.swarms,
        )  # fmt: skip
    return {"strip": strip, "heat": heat, "bump": bump, "bars": bars, "swarm": swarm}


def _html(template: str, **values: Any) -> str:
    return environment(escape=True).get_template(template).render(style=style(), **values)


def monitor_markdown(report: MonitorReport, fleet: FleetReport) -> str:
    return _markdown("monitor.md", report=report, fleet=fleet, nothing_found=_nothing_found(report))


def fleet_markdown(fleet: FleetReport) -> str:
    return _markdown("fleet.md", fleet=fleet)


def _markdown(template: str, **values: Any) -> str:
    text = environment(escape=False).get_template(template).render(**values)
    lines = [line.rstrip() for line in text.splitlines()]
    kept = [line for line, before in zip(lines, ["", *lines], strict=False) if line or before]
    return "\n".join(kept).strip() + "\n"


def compliance_html(report: ComplianceReport) -> str:
    return _html("compliance.html", report=report, **_compliance(report))


def compliance_markdown(report: ComplianceReport) -> str:
    return _markdown("compliance.md", report=report, **_compliance(report))


def compliance_json(report: ComplianceReport) -> str:
    """All figures, and beside them the lines of the table with where each comes from."""
    document = to_json(report)
    for shown, one in zip(document["monitors"], report.monitors, strict=True):
        shown["figures"] = [line._asdict() for line in figures.lines(one)]
    document["percentiles"] = figures.bucket_words()
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _compliance(report: ComplianceReport) -> dict[str, Any]:
    return {
        "lines": figures.lines,
        "bucket_words": figures.bucket_words(),
        "episode_words": figures.episode_words,
        "start": report.start,
    }


def _cell(text: object) -> str:
    """A text inside Markdown: no markup of its own, on one line."""
    plain = " ".join(str(text).split())
    for mark in ("\\", "`", "*", "_", "[", "]", "<", ">", "|", "#"):
        plain = plain.replace(mark, f"\\{mark}")
    return plain


def as_json(report: MonitorReport | FleetReport) -> str:
    """The facts without the points of the beeswarm, which are a picture."""
    document: Mapping[str, Any] = to_json(report)
    for one in document.get("monitors", [document]):
        one.pop("swarms", None)
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
