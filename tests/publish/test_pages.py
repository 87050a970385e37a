from __future__ import annotations

import dataclasses
import json
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from monitor.publish.app import STATIC
from monitor.publish.check_view import trouble
from monitor.publish.fleet_view import fleet as fleet_view
from monitor.publish.phrases import ratio_sentence
from monitor.settings import ServerSettings
from monitor.types import Counter, SloStatus, Snapshot

from .conftest import Serve, Served
from .fleet import FEATURES, NOW, MemoryReader, empty_fleet, fleet

EVIL = "<b>x</b><script>alert(1)</script>\"'&<img src=x onerror=alert(2)></script>"


class Page(HTMLParser):
    """Tags, attributes and text of a page, and the data block."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.data = "", ""
        self._in_data = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_data = dict(attrs).get("type") == "application/json"

    def handle_endtag(self, tag: str) -> None:
        self._in_data = False

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data += data
        else:
            self.text += data

    def links(self) -> list[str]:
        found = [attrs.get("href") or attrs.get("src") for _, attrs in self.tags]
        return [link for link in found if link and not link.startswith("#")]


def latest(reader: MemoryReader, monitor: str) -> str:
    return reader.checks(monitor, limit=1)[0].id


def test_every_link_from_the_fleet_leads_somewhere_and_stays_here(site: Served) -> None:
    def followed(link: str) -> bool:
        """One check page in sixteen: they are made by one template."""
        return "/checks/" not in link or link.endswith("0")

    waiting, seen = ["/"], {"/"}
    while waiting:
        path = waiting.pop()
        answer = site.get(path)
        assert answer.status_code == 200, path
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        for link in Page(answer.text).links():
            assert link.startswith("/"), f"{link} on {path} leaves this host"
            if link not in seen:
                seen.add(link)
                waiting += [link] if followed(link) else []
    checks = {path.removeprefix("/checks/") for path in seen if path.startswith("/checks/")}
    assert checks == {check.id for check in site.reader.checks(limit=1000)}


def test_no_page_has_inline_script_or_style(site: Served) -> None:
    for path in ("/", "/monitors/fraud-prod", f"/checks/{latest(site.reader, 'fraud-prod')}"):
        for tag, attrs in Page(site.get(path).text).tags:
            assert tag != "style"
            assert not [name for name in attrs if name == "style" or name.startswith("on")]
            assert tag != "script" or "src" in attrs or attrs.get("type") == "application/json"


def test_the_fleet_shows_the_most_urgent_monitor_first_and_counts_all(site: Served) -> None:
    html = site.get("/").text
    assert re.findall(r'href="/monitors/([\w-]+)"', html) == ["fraud-prod", "credit-limit", "forecast-weekly"]
    text = " ".join(Page(html).text.split())
    assert "3 monitors ■ 1 severe ▲ 0 warning ? 1 unknown ✓ 1 none" in text


def test_an_overdue_monitor_is_never_green() -> None:
    reader = fleet()
    later = NOW + timedelta(weeks=5)
    shown = fleet_view(reader.snapshot(later), {}, later)
    assert shown.late == 3
    assert {row.status.name: row.state.key for row in shown.rows} == {
        "fraud-prod": "severe",
        "credit-limit": "unknown",
        "forecast-weekly": "unknown",
    }


def test_a_monitor_that_never_ran_says_the_next_command(serve: Serve) -> None:
    snapshot = fleet().snapshot(NOW)
    new = dataclasses.replace(
        snapshot.monitors[1], last_check=None, last_run_at=None, reference_id=None, created_at=NOW, levels={}
    )
    with serve(MemoryReader(dataclasses.replace(snapshot, monitors=(new,)), (), {}, ())) as served:
        for path in ("/", "/monitors/fraud-prod", "/api/v1/monitors/fraud-prod"):
            assert served.get(path).status_code == 200
        assert "xdrift reference create fraud-prod" in served.get("/").text


def test_an_empty_fleet_says_the_next_command(serve: Serve) -> None:
    with serve(empty_fleet()) as served:
        assert "xdrift init" in served.get("/").text


def test_the_fleet_stays_visible_while_the_store_is_away(serve: Serve) -> None:
    with serve(fleet()) as served:
        served.reader.broken = True
        answer = served.get("/")
    assert answer.status_code == 200
    assert "The store does not answer" in answer.text
    assert "fraud-prod" in answer.text


def test_a_store_that_is_away_from_the_start_gives_a_page_that_says_so(serve: Serve) -> None:
    reader = fleet()
    reader.broken = True
    with serve(reader, refresh=False) as served:
        answer = served.get("/")
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert "start the database" in answer.text


def test_an_unknown_address_gives_a_page_for_people(site: Served) -> None:
    answer = site.get("/checks/none")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "/api/v1/checks lists the latest ones" in answer.text


def test_a_check_page_names_sentence_evidence_rows_and_the_neighbours(site: Served) -> None:
    history = site.reader.history("fraud-prod")
    html = site.get(f"/checks/{history[-2].check_id}").text
    check = site.reader.check(history[-2].check_id)
    assert check is not None
    text = Page(html).text
    for said in (
        check.sentence,
        *check.evidence,
        "1,000 drawn of 48,265 seen",
        *(ratio_sentence(part.importance_reference, part.importance_current) for part in check.contributions),
    ):
        assert said in text
    assert f'rel="prev" href="/checks/{history[-3].check_id}"' in html
    assert f'rel="next" href="/checks/{history[-1].check_id}"' in html


def test_the_oldest_check_in_the_strip_finds_its_neighbours_in_the_store(serve: Serve) -> None:
    reader = fleet()
    all_checks = reader.checks("fraud-prod", limit=100)
    inner = reader.history
    reader.history = lambda monitor, *, limit=60: inner(monitor, limit=5)  # type: ignore[method-assign]
    with serve(reader) as served:
        html = served.get(f"/checks/{all_checks[20].id}").text
    assert f'rel="prev" href="/checks/{all_checks[21].id}"' in html
    assert f'rel="next" href="/checks/{all_checks[19].id}"' in html


def test_inputs_that_are_kept_back_are_named_as_not_looked_at(site: Served) -> None:
    text = " ".join(Page(site.get(f"/checks/{latest(site.reader, 'fraud-prod')}").text).text.split())

    assert "Kept back, hence not looked at: pin_retries." in text


def test_an_unknown_check_says_what_to_do(site: Served) -> None:
    text = Page(site.get(f"/checks/{latest(site.reader, 'credit-limit')}").text).text
    assert "This check could not judge" in text
    assert "sample.min_rows" in text


def test_a_failed_check_shows_the_errors_own_next_step() -> None:
    failed = next(check for check in fleet().checks("fraud-prod", limit=100) if check.outcome == "failed")
    found = trouble(failed)
    assert found is not None
    assert found.next_step == "start the database or correct predictions.url"
    assert found.why.endswith("expected: an answer")


def test_a_failed_check_without_a_hint_gets_the_step_of_its_reason() -> None:
    failed = next(check for check in fleet().checks("fraud-prod", limit=100) if check.outcome == "failed")
    found = trouble(dataclasses.replace(failed, reason="reference_missing", error="no reference"))
    assert found is not None
    assert found.next_step == "Make a reference: xdrift reference create fraud-prod."


def evil_fleet() -> MemoryReader:
    """The fleet with markup wherever a model, a person or a data set can put text."""
    reader = fleet(features=(EVIL, *FEATURES[1:]))
    snapshot = reader.snapshot(NOW)
    status = snapshot.monitors[1]
    checks = [reader.check(check.id) for check in reader.checks("fraud-prod", limit=2)]
    evil = [
        dataclasses.replace(
            check, sentence=EVIL, evidence=(EVIL,), notes=(EVIL,), model_version=EVIL, versions={EVIL: EVIL}
        )
        for check in checks
        if check is not None
    ]
    evil[1] = dataclasses.replace(evil[1], outcome="failed", verdict="unknown", error=f"{EVIL}; next: {EVIL}")
    shown = dataclasses.replace(status, owner=EVIL, model=EVIL, model_version=EVIL, last_check=evil[0])
    points = [dataclasses.replace(point, sentence=EVIL) for point in reader.history("fraud-prod")]
    references = [dataclasses.replace(r, author=EVIL, reason=EVIL) for r in reader.references("fraud-prod")]
    told = Snapshot(taken_at=NOW, monitors=(shown,), counters=())
    return MemoryReader(told, evil, {"fraud-prod": points}, references)


@pytest.fixture(scope="module")
def evil_pages(serve: Serve) -> dict[str, str]:
    reader = evil_fleet()
    with serve(reader) as served:
        first, second = (check.id for check in reader.checks("fraud-prod", limit=2))
        paths = {
            "fleet": "/",
            "monitor": "/monitors/fraud-prod",
            "check": f"/checks/{first}",
            "failed": f"/checks/{second}",
        }
        return {name: served.get(path).text for name, path in paths.items()}


@pytest.mark.parametrize("name", ["fleet", "monitor", "check", "failed"])
def test_markup_in_names_and_sentences_stays_text(evil_pages: dict[str, str], name: str) -> None:
    page = Page(evil_pages[name])
    assert "<script>alert(1)" in page.text, "the text itself is shown"
    assert not [attrs for tag, attrs in page.tags if tag == "img" or "onerror" in attrs]
    assert not [attrs for tag, attrs in page.tags if tag == "script" and not attrs]


def test_markup_in_the_data_block_cannot_end_the_block(evil_pages: dict[str, str]) -> None:
    page = Page(evil_pages["check"])
    assert "</" not in page.data
    assert EVIL in json.loads(page.data)["tests"]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *((ink, ground) for ink in ("ink", "ink-2", "link", "severe", "warning", "none") for ground in ("panel", "bg")),
        *((state, f"{state}-bg") for state in ("severe", "warning", "none", "unknown")),
    ],
)
def test_text_has_the_contrast_of_wcag_aa(scheme: int, ink: str, ground: str) -> None:
    sheet = (STATIC / "page.css").read_text().split(":root {")[scheme + 1].split("}")[0]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", sheet))
    low, high = sorted((luminance(colours[ink]), luminance(colours[ground])))
    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_links_carry_the_path_under_which_people_reach_the_pages(serve: Serve) -> None:
    with serve(fleet(), server=ServerSettings(external_url="https://ops.example.org/xdrift/")) as served:
        for path in ("/", f"/checks/{latest(served.reader, 'fraud-prod')}", "/nowhere"):
            for link in Page(served.get(path).text).links():
                assert link.startswith("/xdrift/")


def test_a_card_with_an_overspent_budget_is_not_green_and_names_the_cause(serve: Serve) -> None:
    snapshot = fleet().snapshot(NOW)
    quiet = next(one for one in snapshot.monitors if one.name == "forecast-weekly")
    slos = tuple(
        SloStatus(slo=name, objective=0.95, period_seconds=2.6e6, remaining=left)
        for name, left in (("explanations", -0.37), ("latency", -0.2), ("coverage", 0.9))
    )
    spent = dataclasses.replace(quiet, slos=slos)
    with serve(MemoryReader(dataclasses.replace(snapshot, monitors=(spent,)), (), {}, ())) as served:
        html, own = served.get("/").text, served.get("/monitors/forecast-weekly").text
    text = " ".join(Page(html).text.split())

    assert '<li class="monitor warning">' in html
    assert "explanations: −37% of its budget left" in text
    assert "1 monitor ■ 0 severe ▲ 0 warning ? 0 unknown ✓ 0 none ▲ 1 with a spent error budget" in text
    assert '<section class="hero warning">' in own
    for page in (html, own):
        assert "▲ error budget spent: latency, explanations" in " ".join(Page(page).text.split())


def test_no_drift_beside_a_spent_budget_comes_before_what_is_quiet() -> None:
    snapshot = fleet().snapshot(NOW)
    quiet = next(one for one in snapshot.monitors if one.name == "forecast-weekly")
    slos = (SloStatus(slo="latency", objective=0.95, period_seconds=2.6e6, remaining=-0.2),)
    both = (quiet, dataclasses.replace(quiet, name="zzz", slos=slos))

    assert [row.status.name for row in fleet_view(dataclasses.replace(snapshot, monitors=both), {}, NOW).rows] == [
        "zzz",
        "forecast-weekly",
    ]


def test_a_card_says_that_personal_data_spent_the_whole_budget(serve: Serve) -> None:
    snapshot = fleet().snapshot(NOW)
    quiet = next(one for one in snapshot.monitors if one.name == "forecast-weekly")
    log = next(one.telemetry for one in snapshot.monitors if one.telemetry)
    slos = (
        SloStatus(slo="coverage", objective=0.95, period_seconds=2.6e6, remaining=0.9),
        SloStatus(slo="privacy", objective=1.0, period_seconds=2.6e6, remaining=0.0),
    )
    spent = dataclasses.replace(quiet, slos=slos, telemetry=log)
    found = Counter(
        name="xdrift_privacy_incidents_total", value=3,
        labels={"monitor": quiet.name, "model": quiet.model, "kind": "email"},
    )  # fmt: skip
    shown = dataclasses.replace(snapshot, monitors=(spent,), counters=(found,))
    with serve(MemoryReader(shown, (), {}, ())) as served:
        html, own = served.get("/").text, served.get("/monitors/forecast-weekly").text

    assert '<li class="monitor warning">' in html
    assert '<section class="hero warning">' in own
    for page in (html, own):
        text = " ".join(Page(page).text.split())
        assert "▲ personal data in explanations: email 3 ▲ error budget spent: privacy" in text
    assert "▲ 1 with personal data in explanations" in " ".join(Page(html).text.split())
    assert '<div class="bad"><dt>Objective</dt><dd>privacy: 0% of its budget left</dd></div>' in html


def test_a_version_that_is_only_the_files_digest_is_told_once(serve: Serve) -> None:
    snapshot = fleet().snapshot(NOW)
    digest = "ab12" * 16
    one = dataclasses.replace(snapshot.monitors[1], model_digest=digest, model_version=digest[:12])
    with serve(MemoryReader(dataclasses.replace(snapshot, monitors=(one,)), (), {}, ())) as served:
        text = " ".join(Page(served.get(f"/monitors/{one.name}").text).text.split())

    assert text.count(digest[:12]) == 1
    assert "Version seen since" in text
