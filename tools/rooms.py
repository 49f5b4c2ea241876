"""The rooms of the house as a table and as a picture, from the import rules and the rooms' own first sentences."""

from __future__ import annotations

import ast
import re
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "polypost"
WIDTH, HEIGHT, GAP = 880, 34, 8
_STYLE = (
    "text{font:14px system-ui,sans-serif;text-anchor:middle;dominant-baseline:central;fill:#1c2733}"
    "rect{fill:#eef3f8;stroke:#8aa0b6}path{stroke:#8aa0b6;fill:none;stroke-width:1.5}"
    "@media(prefers-color-scheme:dark){text{fill:#e4ebf2}rect{fill:#223040;stroke:#5f768d}path{stroke:#5f768d}}"
)


def layers() -> list[list[str]]:
    """The rooms from top to bottom; those of one layer do not know each other."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    house = next(rule for rule in rules if rule.get("containers") == ["polypost"])
    rows = [[name.strip(" ()") for name in re.split(r"[|:]", layer)] for layer in house["layers"]]
    return [[name for name in row if _place(name).exists()] for row in rows]


def table() -> list[tuple[str, str, str]]:
    """Of each room its name as a link, what it is, and the rooms beside it, which it does not know."""
    return [
        (
            f"[`{name}`](../../{_place(name).relative_to(ROOT)})",
            _sentence(name),
            ", ".join(f"`{other}`" for other in row if other != name),
        )
        for row in layers()
        for name in row
    ]


def image() -> str:
    """The layers as an SVG of boxes; a room imports only what stands below it."""
    rows = layers()
    shapes = []
    for place, row in enumerate(rows):
        top, wide = GAP + place * (HEIGHT + GAP), (WIDTH - GAP * (len(row) + 1)) / len(row)
        for number, name in enumerate(row):
            left = GAP + number * (wide + GAP)
            box = f'x="{left:g}" y="{top}" width="{wide:g}" height="{HEIGHT}" rx="6"'
            label = f'x="{left + wide / 2:g}" y="{top + HEIGHT / 2:g}"'
            shapes.append(
                f"<g><title>{escape(_sentence(name))}</title><rect {box}/><text {label}>{name}</text></g>"
            )
    down = GAP + len(rows) * (HEIGHT + GAP)
    middle = WIDTH / 2
    shapes.append(f'<path d="M{middle:g} {down}v18m-6 -7l6 7l6 -7"/>')
    shapes.append(
        f'<text x="{middle + 165:g}" y="{down + 10}">a room imports only what stands below it</text>'
    )
    size = f'width="{WIDTH}" height="{down + 28}" viewBox="0 0 {WIDTH} {down + 28}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="The rooms of Polypost">'
    return "\n".join([head, f"<style>{_STYLE}</style>", *shapes, "</svg>"]) + "\n"


def _place(name: str) -> Path:
    folder = PACKAGE / name
    return folder if folder.is_dir() else folder.with_suffix(".py")


def _sentence(name: str) -> str:
    """The first paragraph of a room's docstring."""
    place = _place(name)
    file = place / "__init__.py" if place.is_dir() else place
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(said.partition("\n\n")[0].split())
