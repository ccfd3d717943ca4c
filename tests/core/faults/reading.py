"""One fault as a file writes it."""

from __future__ import annotations

from pathlib import Path

from flowprobe.core.faults.kinds import Kind
from flowprobe.files.scenarios import load_scenario


def kind_of(text: str) -> Kind:
    """The kind that stands in a plan; raises InvalidInput for what is none."""
    file = f"""\
flowprobe: 1
scenario: A
personas: {{admin: b}}
workflow: [{{step: a, call: GET /}}]
faults: {{plan: {{mail: {{{text}}}}}}}
"""
    (plan,) = load_scenario(Path("a.yaml"), text=file).faults
    (fault,) = plan.faults
    return fault.kind
