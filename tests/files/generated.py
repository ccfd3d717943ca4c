"""Files by chance, written from the tables: every key of every shape, with values that nearly always fit."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from flowprobe.core import fields as f

_TEXTS = ["a", "GET /a", "${trial.id}", "x ${admin.team}", "$${a", "é\n", "", "image/png", "${one.id}", "a" * 200, "0" * 64]
_SPECIALS: dict[str, list[Any]] = {
    "version": [1], "true": [True], "json-path": ["$.id", "$.items[*].id", "$"], "regex": ["a+", "(x)"], "secret": ["env:TOKEN"],
    "header-name": ["X-A", "Content-Type", "Host"], "send-line": ["POST /send", "GET /**"], "under-key": ["late", "mail/latency"],
    "look-up": ["one.id", "admin.team", "trial.id"], "retry-on": ["connect", "no-reply", 503], "attachment": ["files/photo.png"],
    "used": ["sign-in.yaml"], "id-path": ["$.items[*].id"], "each": [{"item": "${one.id}"}, {"item": ["a", {"b": 1}]}],
    "zone": ["Europe/Berlin", "UTC"], "allow": ["GET /**", "POST /a"], "edge": ["mail", "user", "mail.webhooks"], "count": [1, 0, {"$lt": 3}, "${one.id}"], "sent": [1, {"calls": {"$lt": 3}, "effects": 1}],
    "redirect-code": [302, 308], "recipe": ["stripe/card-declined"],
    "code": ["strategies.py:owners", "gone.py:a"], "json-schema": [{"type": "integer"}, "schemas/bank.json", {}],
    "oddity": ["zero-seats", "mine", {"mine": {"one": 1}}, {"two": {"late": [1]}, "three": {"mail": None}}],
    "constraint": [{"account.one": 1}, {"when": {"account.one": {"$lt": "${account.two}"}}, "then": {"account.late": {"$in": [1]}}}, {"account.one": "${admin.team}"}],
}
_ODD: list[Any] = [None, True, -1, 1.5, 10**30, "", "${", "${nobody.id}", [], {}, {"$type": "text"}, {"$.a": 1}, [[]], "\x07", {"": ""}]


@dataclass
class Generator:
    """`odd` is how likely a value is one that does not fit, `full` how likely a key that may be left out is there."""

    chance: random.Random
    odd: float = 0.0
    full: float = 0.15

    def text(self, shape: f.Shape) -> str:
        return json.dumps(self.value(shape), ensure_ascii=self.chance.random() < 0.5)

    def value(self, shape: f.Shape) -> Any:
        if self.chance.random() < self.odd:
            return self.chance.choice(_ODD)
        match shape:
            case f.As(shape=inner):
                return self.value(inner)
            case f.OneOf():
                return self.value(self.chance.choice([part for part in (shape.scalar, shape.sequence, shape.mapping) if part is not None]))
            case f.ListOf():
                return [self.value(shape.item) for _ in range(self.chance.randint(shape.minimum, max(shape.minimum, 2)))]
            case f.MapOf():
                return {str(self.value(shape.key)): self.value(shape.value) for _ in range(self.chance.randint(shape.minimum, max(shape.minimum, 2)))}
            case f.Record():
                return self.record(shape)
            case f.Later():
                return self.record(shape.record())
            case _:
                return self.scalar(shape)

    def record(self, shape: f.Record) -> dict[str, Any]:
        pick = {self.chance.choice(shape.exactly_one)} if shape.exactly_one else set()
        others = set(shape.exactly_one) | set(shape.at_most_one) - set(self.chance.sample(shape.at_most_one, min(1, len(shape.at_most_one))))
        found = {field.key: self.value(field.shape) for field in shape.fields
                 if field.key in pick or (field.key not in others and (field.required or self.chance.random() < self.full))}
        keys = {field.key: field for field in shape.fields}
        found = {key: value for key, value in found.items() if (keys[key].beside or key) in found or self.chance.random() < self.odd}
        if shape.filled and not found:
            field = self.chance.choice([field for field in shape.fields if field.beside is None])
            found[field.key] = self.value(field.shape)
        return found

    def scalar(self, shape: f.Shape) -> Any:
        match shape:
            case f.Name():
                return self.chance.choice(["one", "two", "three", "admin", "late", "mail", "a-b_1"])
            case f.Text(described=described) if "URL" in described:
                return "https://api.example"
            case f.Text():
                texts = [text for text in _TEXTS if (shape.blank or text) and (shape.lines or "\n" not in text)]
                return self.chance.choice(texts if shape.pattern is None else ["a", "X-A", "image/png", "0" * 64])
            case f.Integer():
                return self.chance.randint(shape.minimum or 0, min(shape.maximum or 50, (shape.minimum or 0) + 5))
            case f.Number():
                return self.chance.choice([shape.minimum or 0, shape.maximum or 1])
            case f.Boolean():
                return self.chance.choice([True, False])
            case f.Duration():
                return self.chance.choice(["800ms", "2s", "1.5m"])
            case f.Size():
                return "64KB"
            case f.Rate():
                return self.chance.choice(["50KB/s", "1.5MiB/s", "400 kbit/s"])
            case f.Choice():
                return self.chance.choice(shape.words)
            case f.CallLine():
                return self.chance.choice(["GET /a", "POST /a/${one.id}", "DELETE /x?a=b", "PUT api:/a"])
            case f.Json():
                return self.json(shape)
            case f.Special():
                return self.chance.choice(_SPECIALS.get(shape.name, _TEXTS))
        raise AssertionError(shape)

    def json(self, shape: f.Json) -> Any:
        matchers: list[Any] = [{"$type": "string"}, {"$in": [1, "a"]}, {"$matches": "^a"}, {"$.a.b": {"$gt": 1}}, {"$length": {"$lt": 3}}, {"$each": {"a": 1}}]
        plain: list[Any] = [1, "a", None, True, 0.5, "${admin.team}", {"a": ["${trial.id}"]}, [1, [2]]]
        return self.chance.choice(plain + matchers if shape.matchers else plain)
