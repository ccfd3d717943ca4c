"""Makes its calls with curl, each a process of its own, as `curl --no-progress-meter` comes."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from lines import Call, Seen, answer


def make(call: Call, seen: Seen) -> None:
    with tempfile.TemporaryDirectory() as folder:
        head, body = Path(folder, "head"), Path(folder, "body")
        command = [
            "curl", "-q", "-sS", "--noproxy", "", "-X", call["method"], "--data-binary", call["body"],
            "--max-time", str(call["patience_s"]), "-D", str(head), "-o", str(body), "-w", "%{json}",
            *(word for name, value in call["headers"].items() for word in ("-H", f"{name}: {value}")),
            *(("-x", call["proxy"], "--cacert", call["ca"]) if call["proxy"] else ()), call["url"],
        ]
        ended = subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin:/usr/local/bin"}, check=False)
        told = json.loads(ended.stdout)
        if told["http_code"]:
            seen.head(told["http_code"], _headers(head.read_text()))
        seen.body(body.read_bytes() if body.exists() else b"")
    seen.error = f"exit {ended.returncode}" if ended.returncode else ""


def _headers(text: str) -> dict[str, str]:
    """Of the last head: a tunnel has one of its own."""
    last = text.replace("\r\n", "\n").rstrip("\n").rpartition("\n\n")[2]
    return dict(line.lower().split(": ", 1) for line in last.splitlines() if ": " in line)


if __name__ == "__main__":
    answer(make)
