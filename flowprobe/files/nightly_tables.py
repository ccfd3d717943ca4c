"""The table `nightly` of an environment."""

from __future__ import annotations

from flowprobe.core.fields import As, CallLine, Choice, Duration, Field, Integer, ListOf, MapOf, Number, Record, Text
from flowprobe.core.nights.cost import Price
from flowprobe.core.nights.settings import Attempting, Nightly

__all__ = ["ATTEMPTS", "NIGHTLY", "PRICE"]

_TIME = Text(pattern=r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", described="a time of day")
_PLACE = Text(pattern=r"(?!\w+://[^/@\s]*:[^/@\s]*@)\S.*", verbatim=True,
              described="a path, env:NAME, or a postgresql:// URL without its password")
_PAGES = Text(pattern=r"https?://[^\s?#@]+", verbatim=True, described="a URL without user, query and fragment")
_PATH = Text(pattern=r"/[^\s#]*", verbatim=True, described="a path that begins with /")


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


ATTEMPTS = Record("attempts setting", Attempting, (
    Field("max", Integer(minimum=1, maximum=10), "How often a journey that fails is made in one night, in all; 3 where "
          "it is not said.", example="3", attribute="most"),
    Field("over", Duration(), "The time over which these are spread, from the first failure on; 15m where it is not "
          "said.", example="15m"),
), "How a journey that failed is made again, to tell what recovers from what is down.", filled=True)

PRICE = Record("price", Price, (
    Field("name", Text(), "Whose price it is, as the page of nights tells it.", required=True,
          example="Monitors of Acme"),
    Field("amount", Number(minimum=0), "What so many calls, or journeys, cost there.", required=True, example="12"),
    Field("currency", Text(pattern=r"[A-Z]{3}", described="a currency's three letters"), "In which currency.",
          required=True, example="USD"),
    Field("per", Integer(minimum=1), "How many the amount is for; 1000 where it is not said.", example="1000"),
    Field("unit", Choice(("call", "journey")), "What is paid for: each `call`, or each `journey` that is made; `call` "
          "where it is not said.", example="call"),
), "What the calls of nights would cost elsewhere.")

NIGHTLY = Record("nightly setting", Nightly, (
    Field("scenarios", ListOf(Text(verbatim=True), or_one=True, minimum=1), "What is run where the command names "
          "nothing: files and folders, from the folder of this file; that folder where it is not said.",
          example="[journeys, login.yaml]"),
    Field("samples", Integer(minimum=1, maximum=1000), "How often each journey is made without faults; 20 where it is "
          "not said.", example="20"),
    Field("attempts", ATTEMPTS, "How a journey that failed is made again.", example="{max: 3, over: 15m}"),
    Field("controls", MapOf(CallLine(absolute=True), noun="control"), "Calls whose latency is measured beside the "
          "journeys: what they share with them is not the product's.",
          example='{health: GET /health, elsewhere: "GET https://example.com/"}'),
    Field("whoami", _PATH, "A path at the first target that answers GET to whoever has signed in, and to nobody else: "
          "asked after a failure, it tells credentials that are wrong from a product that denies.", example="/v1/me"),
    Field("history", _PLACE, "Where nights are remembered: a file, from the folder of this file, or a PostgreSQL "
          "database; `.flowprobe/history.db` where it is not said.", example="postgresql://nights.example/flowprobe"),
    Field("keep", Integer(minimum=30), "How many nights are remembered; all where it is not said.", example="730"),
    Field("pages", _PAGES, "The URL under which `.flowprobe/runs` is published: alerts link there, and name a path "
          "where it is not said.", example="https://nights.example.com/runs"),
    Field("prices", ListOf(PRICE), "What the same would cost as monitoring that is paid for by use: told on the "
          "page of nights.", example="[{name: Monitors of Acme, amount: 12, currency: USD}]"),
    Field("by", As(_TIME, _minutes), "When a night has to be over, on the clock of `zone`.", example='"07:00"'),
), "What is made every night, and how it is judged.", positioned=True, filled=True)
