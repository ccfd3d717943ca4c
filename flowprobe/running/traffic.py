"""What went over the lines in a run, from its journal: for those who look at calls with other tools."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from flowprobe.core.scenario import Environment
from flowprobe.journal.reader import each_line
from flowprobe.report.har import Streams, har_text
from flowprobe.report.model import RunReport

__all__ = ["traffic"]


def traffic(report: RunReport, environment: Environment) -> Iterator[str]:
    """The run as HAR, entry by entry. Raises ToolFailed where its journal cannot be read."""
    journal = report.folder / "journal"
    streams = Streams(lambda: each_line(journal / "runner.jsonl"), lambda: each_line(journal / "proxy.jsonl"))
    parts = {name: urlsplit(provider.url) for name, provider in environment.providers.items()}
    origins = {name: f"{url.scheme}://{url.netloc}" for name, url in parts.items() if "*" not in url.netloc}
    started = report.evidence.started
    return har_text(streams, version=started.version if started else "", origins=origins, redact=report.redact)
