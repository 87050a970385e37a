"""`python -m dashboards`: write json/*.json and the table of docs/dashboards.md again."""

from __future__ import annotations

from pathlib import Path

from dashboards import page
from dashboards.generate import files

HERE = Path(__file__).parent


def main() -> None:
    for name, text in files().items():
        (HERE / "json" / name).write_text(text, encoding="utf-8")
    page.PAGE.write_text(page.page(page.PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
