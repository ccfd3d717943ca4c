from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from flowprobe.core.nights.alerting import Why
from flowprobe.report.alert_schema import alert_schema
from tests.docs.documents import ROOT


def test_the_schema_is_one_and_is_what_was_published() -> None:
    Draft202012Validator.check_schema(alert_schema())
    published = (ROOT / "docs" / "schema" / "alert.v1.json").read_text()
    assert published == json.dumps(alert_schema(), indent=2) + "\n"


def test_every_key_has_its_meaning() -> None:
    assert all(key.get("description") for key in alert_schema()["properties"].values())
    assert set(alert_schema()["properties"]["why"]["enum"]) == {str(why) for why in Why}
