"""Projects whose product asks who calls."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.end_to_end.conftest import Place

PRODUCT = Path(__file__).parent / "guarded_product.py"
PROJECT = """\
flowprobe: 1
environments:
  local:
    target: http://127.0.0.1:0
    start:
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{target.port}}", NOTES: "{notes}", TOKEN_TAIL: "{tail}"}}
        ready: GET /health
  standing: {{target: "http://127.0.0.1:{port}"}}
personas:
{personas}"""
TAIL = "t4il"


def guard(place: Place, personas: str, *, port: int = 9) -> None:
    """Give the place a project with these personas, one a line, indented by two."""
    text = PROJECT.format(python=sys.executable, product=PRODUCT, notes=place.notes, tail=TAIL, personas=personas, port=port)
    (place.folder / "flowprobe.yaml").write_text(text)


def journey(place: Place, steps: str, *, personas: str = "{admin: pro-eu}", more: str = "", name: str = "journey.yaml") -> Path:
    return place.scenario(f"flowprobe: 1\nscenario: A journey\npersonas: {personas}\nworkflow:\n{steps}{more}", name)
