"""Segments on the page, in the JSON and in metrics."""

from __future__ import annotations

from dataclasses import replace

from monitor.publish.segments import segment_rows, whole_findings
from monitor.publish.series import SEGMENT_SERIES, exported_segments
from tests.publish.fleet import fleet


def severe():
    reader = fleet()
    return next(
        reader.check(check.id) for check in reader.checks("fraud-prod", limit=20) if reader.check(check.id).findings
    )


def test_raised_segments_come_first_and_unjudged_ones_last_with_their_reason():
    rows = segment_rows(severe())
    assert [row.segment for row in rows] == ["country=FR", "country=AT", "country=DE", "country=(missing)"]
    assert rows[-1].level is None
    assert rows[-1].reason == "12 recent rows and 31 in the holdout, 50 of each are needed"
    assert (rows[0].n_reference, rows[0].n_current, rows[0].test) == (240, 251, "ks")


def test_segment_findings_stay_out_of_the_tables_of_whole_views():
    check = severe()
    assert {finding.segment for finding in whole_findings(check)} == {None}
    assert len(whole_findings(check)) == len(check.findings) - 7


def test_a_check_without_segments_has_no_rows():
    assert segment_rows(replace(severe(), findings=())) == ()
    assert segment_rows(None) == ()


def test_the_limit_on_series_never_hides_a_raised_segment():
    eu = segment_rows(severe())[0]
    quiet = [replace(eu, segment=f"k={k:03d}", level=0, n_reference=1000) for k in range(SEGMENT_SERIES + 5)]
    rare = replace(eu, segment="k=rare", level=2, n_reference=50)
    chosen = exported_segments([*quiet, rare, replace(eu, segment="k=thin", level=None)])
    assert len(chosen) == SEGMENT_SERIES
    assert chosen[0].segment == "k=rare"
    assert all(row.level is not None for row in chosen)


def test_a_segment_raised_only_by_a_change_from_no_importance_keeps_its_level():
    check = severe()
    one = next(finding for finding in check.findings if finding.segment == "country=FR")
    alone = replace(one, test="stability", statistic=None, level=2, reason="the reference importance is 0")
    (row,) = segment_rows(replace(check, findings=(alone,)))
    assert (row.level, row.statistic) == (2, None)
