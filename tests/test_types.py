"""Rules that belong to the records themselves."""

from __future__ import annotations

import hashlib

import pytest

from monitor.cli.reference_view import model_words
from monitor.publish.pages import environment
from monitor.types import labelled, unlabelled

BEGINS_WITH_ONE = next(
    digest for k in range(1000) if (digest := hashlib.sha256(str(k).encode()).hexdigest()).startswith("1")
)


@pytest.mark.parametrize("version", ["1", BEGINS_WITH_ONE[:4], "2024-05"])
def test_a_version_is_a_label_although_the_digest_begins_with_it(version: str) -> None:
    assert labelled(version, BEGINS_WITH_ONE)
    assert model_words(version, BEGINS_WITH_ONE).startswith(f"version {version}, sha256 ")
    assert f"version {version}, " in on_a_page(version)


def test_the_beginning_of_the_digest_that_stands_for_a_version_is_none() -> None:
    version = unlabelled(BEGINS_WITH_ONE)
    assert not labelled(version, BEGINS_WITH_ONE)
    assert model_words(version, BEGINS_WITH_ONE) == f"sha256 {version}"
    assert "version" not in on_a_page(version)


def on_a_page(version: str) -> str:
    parts = environment(version="0", prefix="").get_template("parts.html").make_module({})
    return str(parts.model_words(version, BEGINS_WITH_ONE))  # type: ignore[attr-defined]
