"""Every per-feature statistic, as a literal table. A row here, a page in docs/, a case in the policy tests."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.settings import DriftSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftTest:
    """A declared statistic. For all of them larger means more drift and 0 means none."""

    name: str
    title: str
    judged: bool
    """True: it can raise a level. False: it is reported beside, for people."""
    floor: tuple[str, str] | None
    """Names of the warning and severe effect floors in DriftSettings."""
    unit: str
    paired: bool = False
    """True: asked only of the same rows, in the holdout view."""


TESTS: tuple[DriftTest, ...] = (
    DriftTest(
        name="psi",
        title="Population stability index",
        judged=True,
        floor=("psi_warning", "psi_severe"),
        unit="nats",
    ),
    DriftTest(
        name="ks",
        title="Kolmogorov-Smirnov distance",
        judged=True,
        floor=("ks_warning", "ks_severe"),
        unit="share of rows",
    ),
    DriftTest(
        name="stability",
        title="Stability score",
        judged=True,
        floor=("stability_warning", "stability_severe"),
        unit="ratio to reference importance",
    ),
    DriftTest(
        name="change",
        title="Change of the same rows",
        judged=True,
        floor=("change_warning", "change_severe"),
        unit="ratio to reference importance",
        paired=True,
    ),
    DriftTest(name="wasserstein", title="Wasserstein distance", judged=False, floor=None, unit="output units"),
    DriftTest(name="js", title="Jensen-Shannon distance", judged=False, floor=None, unit="0 to 1"),
    DriftTest(name="kl", title="Kullback-Leibler divergence", judged=False, floor=None, unit="nats"),
)

JUDGED: tuple[str, ...] = tuple(test.name for test in TESTS if test.judged)
PAIRED: tuple[str, ...] = tuple(test.name for test in TESTS if test.paired)


def floors(settings: DriftSettings, name: str) -> tuple[float, float]:
    """Warning and severe effect floors of a judged test."""
    test = next(test for test in TESTS if test.name == name)
    assert test.floor is not None, f"{name} is not judged"
    return getattr(settings, test.floor[0]), getattr(settings, test.floor[1])
