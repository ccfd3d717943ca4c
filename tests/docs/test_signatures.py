"""The worked example of docs/reference/environment.md comes out as it is written there."""

from __future__ import annotations

import hmac
import re
from pathlib import Path

from flowprobe.auth.hmac_scheme import hmac_signer
from flowprobe.core.auth import Hmac
from flowprobe.core.wire import Body, Call
from flowprobe.files.project import load_project
from tests.docs.documents import ROOT

PAGE = (ROOT / "docs/reference/environment.md").read_text()
EXAMPLE = next(text for text in re.findall(r"```yaml\n(flowprobe: 1\n.*?)```", PAGE, re.DOTALL) if "with-a-signature" in text)
CALL = Call("1" * 32, "t", "s", "p", "POST", "https://api.staging.example/v1/seats?dry=1", {}, Body(b'{"seats":3}'))


def test_the_signature_of_the_reference_comes_out() -> None:
    scheme = load_project(Path("flowprobe.yaml"), text=EXAMPLE).personas["with-a-signature"].auth
    assert isinstance(scheme, Hmac)
    headers = hmac_signer(scheme, "a-key-that-both-sides-know", clock=lambda: 1760000000).sign(CALL).credentials
    said = dict(line.split(": ", 1) for line in re.search(r"```text\n(X-Acme-Key.*?)```", PAGE, re.DOTALL)[1].splitlines())  # type: ignore[index]
    assert headers == said


def test_what_the_reference_says_is_signed_is_what_is_signed() -> None:
    lines = re.search(r"```text\n(1760000000\n.*?)\n```", PAGE, re.DOTALL)
    assert lines is not None
    assert all(word in PAGE for word in ("`a-key-that-both-sides-know`", '`{"seats":3}`', CALL.url))
    assert hmac.new(b"a-key-that-both-sides-know", lines[1].encode(), "sha256").hexdigest() in PAGE
