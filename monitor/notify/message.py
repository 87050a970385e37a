"""What a message says. It leaves the house, so it holds the verdict's sentence and never an error's text, which may
quote a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from monitor.settings import ServerSettings, Settings
from monitor.types import Check, Condition, Message, News

TITLES: dict[Condition, str] = {
    "severe": "severe drift, confirmed",
    "warning": "drift in three checks in a row",
    "unknown": "blind: two checks in a row could not judge",
    "none": "quiet again",
}
RUNBOOKS: dict[Condition, str] = {
    "severe": "ExplanationDriftSevere",
    "warning": "ExplanationDriftGradual",
    "unknown": "ExplanationCannotJudge",
}
"""Condition to the alert whose runbook helps."""
FAILING = "ExplanationChecksFailing"
"""The same for checks that could not run."""
WITHHELD = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcer:
    """Makes the messages of one piece of news: one per channel. Sent to child processes, so it is plain data."""

    channels: tuple[str, ...]
    server: ServerSettings

    @classmethod
    def of(cls, settings: Settings) -> Announcer | None:
        """None where no channel is configured."""
        if not settings.channels:
            return None
        return cls(channels=tuple(channel.name for channel in settings.channels), server=settings.server)

    def __call__(self, news: News) -> list[Message]:
        """News of drift is recorded but not sent while a declared maintenance is open: drift is expected then."""
        expected = news.maintenance and "unknown" not in (news.before, news.after)
        return [
            Message(
                id=f"{news.check.id}-{channel}",
                monitor=news.check.monitor,
                channel=channel,
                body={"id": f"{news.check.id}-{channel}", **body(news, self.server)},
                created_at=news.check.finished_at,
                withheld=WITHHELD if expected else None,
            )
            for channel in self.channels
        ]


def body(news: News, server: ServerSettings) -> dict[str, Any]:
    """The JSON that a channel gets."""
    check, found = news.check, links(news, server)
    lines = [
        f"{check.monitor}: {TITLES[news.after]} (before: {news.before})",
        sentence(check),
        f"Model {check.model} {check.model_version or ''}".rstrip() + f", owner {news.owner}.",
        *(f"{name.capitalize()}: {address}" for name, address in found.items()),
    ]
    return {
        "text": "\n".join(lines),
        "monitor": check.monitor,
        "model": check.model,
        "model_version": check.model_version,
        "owner": news.owner,
        "condition": news.after,
        "condition_before": news.before,
        "verdict": check.verdict,
        "level": check.level,
        "check": check.id,
        "planned_at": check.planned_at.isoformat(),
        "links": found,
    }


def sentence(check: Check) -> str:
    """The verdict's sentence; of a check that could not run the closed word of its reason."""
    if check.outcome == "failed":
        return f"The check could not be done: {(check.reason or 'internal').replace('_', ' ')}."
    return check.sentence


def links(news: News, server: ServerSettings) -> dict[str, str]:
    """check, dashboard, runbook: those of which the address is known."""
    found = {}
    if server.external_url:
        found["check"] = f"{server.external_url.rstrip('/')}/checks/{news.check.id}"
    if server.grafana_url:
        found["dashboard"] = f"{server.grafana_url.rstrip('/')}/d/xdrift-oncall?var-monitor={quote(news.check.monitor)}"
    if server.runbook_url and news.after in RUNBOOKS:
        failed = news.check.outcome == "failed"
        found["runbook"] = f"{server.runbook_url.rstrip('/')}/{FAILING if failed else RUNBOOKS[news.after]}.md"
    return found
