"""`python -m alerts`: write rules.yaml, tests/*.yaml and docs/metrics.md again."""

from __future__ import annotations

from pathlib import Path

from alerts.generate import files
from alerts.metrics_page import page

HERE = Path(__file__).parent


def main() -> None:
    made = files()
    for old in (HERE / "tests").glob("*.yaml"):
        if f"tests/{old.name}" not in made:
            old.unlink()
    for path, text in made.items():
        (HERE / path).parent.mkdir(exist_ok=True)
        (HERE / path).write_text(text, encoding="utf-8")
    (HERE.parent / "docs" / "metrics.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
