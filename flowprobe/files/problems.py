"""Every message about a file, in one closed table: a stable id, what is wrong, and what to write instead.

They are read at three in the morning by someone who did not write the file: one sentence each, with the
words of the file in it. The second sentence stands under the caret.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from flowprobe.core.plain import Plain, plain
from flowprobe.core.scenario import Position
from flowprobe.errors import Problem

__all__ = ["MESSAGES", "Message", "Source", "did_you_mean", "listed",
           "with_article"]

_BEYOND = 160  # how much of a long line is shown after the place, and how much of it is underlined
_WIDEST = 60
_FARTHEST = 500  # a line is not shown for what stands farther to the right
_LONGEST = 300  # of one word in a message
_LISTED = 12
_NEAR = 20


@plain
class Message(Plain):
    """`found` says what is wrong, `instead` the way out, `otherwise` the one where the place knows none of its own; all
    are filled with the words of the case."""

    found: str
    instead: str = "{instead}"
    otherwise: str = ""


MESSAGES: Mapping[str, Message] = {
    # the file as a whole
    "file-not-found": Message("there is no such file or folder"),
    "not-a-file": Message("this is a folder, where one file is expected", "name a file in it"),
    "unreadable-file": Message("this file cannot be read: {reason}", "check its permissions"),
    "no-scenarios": Message("there are no scenario files (*.yaml) in this folder",
                            "name a file, or another folder"),
    "file-too-large": Message("this file is larger than {limit}", "split it: one journey each"),
    "not-utf8": Message("this file is not UTF-8 text", "save it as UTF-8"),
    "empty-file": Message("this file is empty", "start with `flowprobe: 1`"),
    "too-many-problems": Message("there are more than {limit} mistakes; the rest is not shown",
                                 "mend these, then check again"),
    # YAML
    "several-documents": Message("a second document starts here",
                                 "remove this line: a file holds one document"),
    "too-deep": Message("this is nested more than {limit} levels deep", "flatten it"),
    "too-many-values": Message("this file holds more than {limit} values", "split it: one journey each"),
    "yaml-syntax": Message("{found}", otherwise="mend the YAML here, or in the line above"),
    "unquoted-template": Message("a look-up between braces or brackets needs quotes",
                                 "{instead}"),
    "unquoted-path": Message("a path with brackets needs quotes where it stands between braces"),
    "unquoted-colon": Message("text with `: ` in it needs quotes", "quote the whole text"),
    "unquoted-start": Message("text that starts with `{character}` needs quotes", "quote the whole text"),
    "tab-indentation": Message("this line is indented with a tab", "use spaces"),
    "control-character": Message("here stands the control character {code}, which YAML does not allow",
                                 'remove it, or write it as an escape in double quotes: "\\x07"'),
    "anchor": Message("anchors and aliases (&name, *name) are not used here",
                      "write the value out where it is needed"),
    "merge-key": Message("the merge key `<<` is not used here", "write the keys out"),
    "tag": Message("tags such as `{tag}` are not used here", "remove it; quotes make a value text"),
    "key-not-text": Message("a key must be text, not {seen}"),
    "duplicate-key": Message("the key `{key}` stands here a second time; the first is on line {first}",
                             "keep one of the two"),
    # documents that are not ours
    "no-document": Message("there is no file `{name}`", otherwise="check its name; it is searched from this file on"),
    "document-too-large": Message("this document is larger than {limit}", "split it into several files"),
    "empty-document": Message("this document is empty", otherwise="name another one"),
    "json-syntax": Message("this is not JSON: {reason}", otherwise="mend it here"),
    "unknown-anchor": Message("nothing before this is called `{name}`", "put the anchor &{name} before it"),
    "not-openapi": Message("`{name}` is not an OpenAPI 3.0 or 3.1 document: {reason}",
                            otherwise="name another file, or mend this one"),
    "bad-schema": Message("this schema cannot be used: {reason}", otherwise="mend the schema at that place"),
    # keys
    "unknown-key": Message("`{key}` is not a key of {noun}"),
    "missing-key": Message("{noun} needs the key `{key}`"),
    "one-key": Message("{noun} needs exactly one of {keys}; {seen}"),
    "several-keys": Message("{noun} takes one of {keys}; it has {seen}", "keep one of them"),
    "some-key": Message("{noun} needs {keys}"),
    "not-beside": Message("`{key}` and `{other}` do not go together"),
    "key-beside": Message("`{key}` says nothing without `{beside}`",
                          "write `{beside}` beside it, or remove it"),
    # values
    "wrong-type": Message("{what} must be {wanted}, not {seen}", otherwise="write {wanted}, or remove it"),
    "wrong-version": Message("{what} must be 1, the version of the format that is read here, not {seen}",
                             "write 1"),
    "out-of-range": Message("{what} must be {wanted}, not {seen}", otherwise="write {wanted}"),
    "falls": Message("`{key}` is {seen}, less than `{other}` with {least}", "write {least} or more"),
    "number-too-large": Message("this number cannot be held exactly",
                                "write one of at most 15 digits, or quote it"),
    "number-spelling": Message("{seen} would be sent as {sent} where it becomes text", 'quote it: "{seen}"'),
    "needs-unit": Message("{what} is the number {seen}, without a unit"),
    "unknown-word": Message("{what} cannot be {seen}"),
    "bad-name": Message("{what} cannot be {seen}", "use letters, digits, - and _, and start with a letter"),
    "bad-text": Message("{what} must be {wanted}, not {seen}", otherwise="write {wanted}"),
    "line-break": Message("{what} must be on one line", "remove the line break or control character"),
    "empty": Message("{what} is empty", otherwise="write one, or remove it"),
    "too-few": Message("{what} takes {minimum} items or more, not {seen}"),
    "bad-call": Message("{what} must be `METHOD /path`: {reason}"),
    "bad-allow": Message("{what} must be `METHODS /path`: {reason}"),
    "unknown-zone": Message("no time zone is called `{name}`"),
    "bad-template": Message("{found}"),
    "template-not-here": Message("${{...}} is not looked up in {what}", "write the value itself"),
    "needs-trace": Message("{what} does not say `${{trace}}`, so that it would find the same for every call",
                           "write ${{trace}} where the trace id of a call belongs"),
    "not-one-template": Message("{what} must be a duration, or exactly one look-up",
                                "write for example 800ms"),
    "bad-path": Message("{what} must be a JSONPath: {reason}"),
    "bad-regex": Message("{what} is not a regular expression: {reason}",
                         "write \\ before a character meant literally"),
    "refused-header": Message("the header `{key}` is made by FlowProbe itself", "remove it"),
    "secret-header": Message("the header `{key}` is shown to a store as it stands, and cannot hold a secret",
                             "write auth: {{bearer: env:NAME}} in its place, or basic or api_key"),
    "secret-by-value": Message("{what} must name a secret by reference, never hold it",
                               otherwise="write env:NAME, file:PATH, cmd:PROGRAM or mint:NAME"),
    "secret-in-step": Message("{what} holds a secret by value",
                              "look it up, for example \"${{env.ACME_TOKEN}}\", or act as a persona with `auth`; one "
                              "that is meant to be wrong is \"wrong-${{trial.id}}\""),
    "bad-id-path": Message("{what} must be the path of the ids, such as $.items[*].id: {reason}",
                           "write for example $.items[*].id"),
    "one-each": Message("`each` takes one name with its list", "write for example each: {{id: \"${{page.ids}}\"}}"),
    "bad-default": Message("the default {seen} is not what the field may be: {wanted}",
                           "change the default, or what the field may be"),
    "bad-bounds": Message("`min` {low} is more than `max` {high}", "exchange them"),
    "unsatisfied": Message("the ordinary account is not as this constraint says: {reason}",
                           "change a default, or the constraint"),
    "not-of-account": Message("a constraint speaks of the account's fields alone, and `{name}` is none",
                              otherwise="write the name of a field, such as account.seats"),
    "unknown-oddity": Message("no oddity is called `{name}`"),
    "oddity-not-here": Message("the oddity `{name}` does not fit this account: {reason}",
                               "change what the field may be, or remove it from the list"),
    "file-missing": Message("there is no file {name}", "paths start at the folder of the scenario: {folder}"),
    "file-outside": Message("the file {name} is outside of the project's folder",
                            "put it beside the scenario"),
    "file-unusable": Message("the file {name} cannot be used: {reason}"),
    "no-signature": Message("no header of this HMAC scheme holds {{signature}}",
                            'write for example X-Signature: "sha256={{signature}}"'),
    "no-id": Message("{{id}} stands here, and this HMAC scheme has no `id`",
                     "write `id` beside `key`, or remove it"),
    # matchers
    "unknown-matcher": Message("`{key}` is not a matcher"),
    "mixed-matchers": Message("the matcher `{key}` stands beside other keys",
                              "put it in a mapping of its own"),
    "bad-operand": Message("{what} takes {wanted}, not {seen}"),
    # names inside a scenario
    "duplicate-step": Message("a step is called `{name}` already, on line {first}",
                              "give it a name of its own"),
    "name-taken": Message("the name `{name}` is taken by {owner}", "choose another one"),
    "unknown-role": Message("`{name}` is not a role of this scenario"),
    "unknown-step": Message("no step is called `{name}`"),
    "incomplete-name": Message("`{name}` is {owner}, not a value"),
    "unknown-name": Message("nothing is called `{name}`{where}{also}"),
    "unknown-capture": Message("the step `{step}` captures nothing called `{name}`{also}"),
    "later-step": Message("`{name}` is not known yet: the step `{step}` comes later, on line {first}{also}",
                          "use it in a step after that one"),
    "own-capture": Message("`{name}` is not known yet: it comes from the reply to this very step{also}",
                           "use it in `cleanup` or in a later step"),
    "parallel-step": Message("`{name}` is not known here: the step `{step}` runs at the same time{also}",
                             "use it in a step after the `parallel`"),
    # scenarios that use others
    "use-cycle": Message("{name} uses itself: {chain}", "break the circle"),
    "too-many-steps": Message("with the scenarios that it uses this one has more than {limit} steps",
                              "use fewer of them, or `each` and `repeat`"),
    "unknown-input": Message("{file} has no input called `{name}`"),
    "missing-input": Message("{file} needs the input `{name}`", "write with: {{{name}: …}}"),
    "used-role": Message("{file} has the role `{name}`, which this scenario has not",
                         "add it to `personas`, or let that file have one role"),
    # what the parts of a step say together
    "samples-need-read": Message("a {method} is not sent {times} times to measure it",
                                 "measure a GET, or promise one duration"),
    "samples-or-poll": Message("`poll` and a `within` of several calls cannot stand in one step",
                               "measure in a step of its own"),
    "each-or-repeat": Message("`each` and `repeat` cannot stand in one step", "make two steps of them"),
    "as-beside-parallel": Message("`as` says nothing beside `parallel`", "write it in the steps of the branches"),
    "find-needs-found": Message("the cleanup looks for the thing, and does not look up `${{found.id}}`",
                                "write it into the path of `call`"),
    "find-not-ours": Message("`where` would find what others have made too: nothing in it is this trial's own",
                             'compare with a text that the step has put there, such as "guest+${{trial.id}}"'),
    "retry-needs-key": Message("a {method} is not sent again without an idempotency key",
                               'add the header Idempotency-Key: "${{trial.id}}-{step}"'),
    "no-poll": Message("`poll.for` says nothing here: the step `{step}`, on line {first}, has no `poll`",
                       "remove it, or add `poll` to that step"),
    # what is promised of the whole journey
    "probe-writes": Message("a probe changes nothing, and a {method} may", "write a GET or a HEAD; what changes "
                            "something is a step of the workflow"),
    "unknown-probe": Message("no probe is called `{name}`"),
    # what the parts of a fault say together
    "unknown-field": Message("the account has no field called `{name}`"),
    "needed-step": Message("`{name}` cannot be left out: {who}"),
    "bad-state": Message("`{name}` of this state is not what the field may be: {wanted}, not {seen}",
                         "change the value, or what the scenario says of the field"),
    "unknown-fault": Message("no fault of this case is called `{name}`"),
    "reversed": Message("{what} is over before it begins: from {low} to {high}", "let it end later"),
    "not-a-pair": Message("`between` takes two numbers, the first call and the last, not {seen}",
                          "write for example [2, 5]"),
    "mixed-units": Message("`{one}` and `{other}` must both be durations, or both numbers of calls",
                           "write both in one unit"),
    "always-on": Message("this burst lasts as long as the time between two: every call is in one",
                         "make `for` shorter than `every`, or remove `burst`"),
    "call-and-count": Message("`call` names the calls that suffer, and `{key}` counts them too",
                              "keep one of them"),
    "matcher-not-here": Message("`{key}` is not held against a request", "use {known}"),
    "outrun": Message("this fault can never fall on a call: {first}, on line {number}, ends each of its calls",
                      "tell them apart with `match` or `when`, or write them in two plans"),
    "framing-header": Message("the header `{key}` says where an answer ends, which the proxy does itself",
                              "remove it; for an answer that breaks off write `body: truncate`, `close` or `hang`"),
    "bodiless": Message("an answer with the status {code} has no body, so that {what} would be left out"),
    "query-in-path": Message("a query in `path` is not compared: the fault would fall on calls with any other one"),
    "never-falls": Message("this fault can never fall on a call: {reason}", "change that, or remove the fault"),
    # across files
    "unknown-persona": Message("no persona is called `{name}`"),
    "unknown-binding": Message("the scenario has no persona `{name}` for the role `{role}`"),
    "unknown-actor": Message("nobody who acts in this scenario is called `{name}`"),
    "unknown-attribute": Message("the persona `{persona}` has nothing called `{name}`"),
    "unknown-provider": Message("no provider is called `{name}` in the environment `{environment}`"),
    "no-webhooks": Message("the provider `{provider}` has no `webhooks` in the environment `{environment}`",
                           "write webhooks: target there, and give it our listener's URL"),
    "needs-forward": Message("`proxy_user` says nothing about a reverse edge: the product is no client of our proxy "
                             "there", "write edge: forward, or attribute: listener"),
    "no-such-persona": Message("no persona is like this: {wanted}", "the project has {known}"),
    "own-no-reply": Message("`{kind}` between the user and the product leaves our own call without a reply, and "
                            "{steps} would not try again",
                            "add retry: {{on: no-reply}} there, or put `{kind}` on a provider"),
    "own-duplicate": Message("`duplicate` between the user and the product would send our own calls {times} times, "
                             "past their budget and their cleanup",
                             "put it on a provider, or write the step twice"),
    "fault-not-here": Message("`{kind}` cannot happen on `{edge}`: {why}"),
    "fault-needs-start": Message("`{kind}` falls on connections, before anything says whose they are, and "
                                 "`{environment}` does not start the product",
                                 "choose an environment with `start`, or a kind that falls on calls, such as "
                                 "close: request"),
    "fault-before-calls": Message("`{kind}` falls on connections, which have no call yet that `{key}` could look at",
                                  "remove `{key}`, or write a kind that falls on calls, such as reset: request"),
    "fault-uncounted": Message("`{kind}` closes the door to all: connections that nobody sees cannot be counted",
                               "write limit: {{seconds: 2}}, or reset: request, of which single calls can be chosen"),
    "mint-unknown": Message("nobody can know `{name}`: the environment `{environment}` has no `start` to give it to",
                            "write env:NAME, file:PATH or cmd:PROGRAM, or choose an environment with `start`"),
    "unknown-target": Message("no target is called `{name}` in the environment `{environment}`"),
    "unknown-under": Message("`{name}` is neither a fault plan, nor a provider, nor provider/kind"),
    "unverified-tls": Message("`verify: false` would believe anybody who answers for {hosts}",
                              "name the authority instead, `ca: certs/lab-ca.pem`, or add `lab: true` to the "
                              "environment"),
    "proxy-beside-start": Message("`proxy` stands beside `start`: a product that we start has a proxy of its own",
                                  "remove `proxy`, or start the product yourself and remove `start`"),
    "unknown-environment": Message("no environment is called `{name}`"),
    "no-contract": Message("the environment `{environment}` has no `openapi`, so there is no contract to check",
                           "add openapi: PATH to it in flowprobe.yaml, or remove `contract` here"),
    "unknown-operation": Message("no operation of `{document}` is called `{name}`"),
    # warnings: allowed, and most likely not meant
    "unused-capture": Message("nothing uses what the step `{step}` captures as `{name}`",
                              "write ${{{step}.{name}}} where it is needed, or remove it"),
    "unused-role": Message("no step acts as `{name}`, and nothing looks it up",
                           "write `as: {name}` in a step, or remove it"),
    "write-without-cleanup": Message("this {method} has no `cleanup`: in production, what it does would stay"),
}


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "", cutoff: float = 0.65) -> str:
    """The question that helps most with a misspelt word, or `otherwise`. The same letters in another order or case are
    always near: of a short word they have too little in common to be told by their number."""
    words = list(known)
    letters = sorted(word.lower())
    near = [each for each in words if len(each) == len(word) and sorted(each.lower()) == letters]
    near = near or difflib.get_close_matches(word, words, n=1, cutoff=cutoff)
    return f"did you mean `{near[0]}`?" if near else otherwise


def listed(words: Iterable[str], *, last: str = "or", quoted: bool = True) -> str:
    """`a`, `b` or `c`."""
    shown = [f"`{word}`" if quoted else word for word in words]
    if len(shown) > _LISTED:
        return f"{', '.join(shown[:_LISTED])} … ({len(shown) - _LISTED} more)"
    if len(shown) < 2:
        return shown[0] if shown else "nothing"
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}"


def with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeio" else f"a {noun}"


@dataclass(frozen=True)
class Source:
    """A file's name and text, from which problems take the line that they show."""

    file: str
    text: str = ""

    @cached_property
    def lines(self) -> list[str]:
        """The lines as YAML counts them."""
        return re.split("\r\n|[\n\r\x85\u2028\u2029]", self.text)

    def line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def find(self, position: Position, word: str) -> tuple[int, int]:
        """Where a word stands, looked for from a place on for a few lines; else the place."""
        start = position.column - 1
        for line in range(position.line, position.line + _NEAR):
            at = self.line(line).find(word, start)
            if at >= 0:
                return line, at + 1
            start = 0
        return position.line, position.column

    def problem(self, id: str, line: int = 0, column: int = 0, *, width: int = 1, **words: object) -> Problem:
        """The problem `id` of the table at a place (both count from 1), filled with its words."""
        message = MESSAGES[id]
        filled = {"instead": "", **{key: _cut(word) for key, word in words.items()}}
        source = self.line(line) if column <= _FARTHEST else ""
        return Problem(
            id=id, file=self.file, line=line, column=column, found=message.found.format(**filled),
            instead=message.instead.format(**filled) or message.otherwise.format(**filled),
            source=_printable(source[:column + _BEYOND]),
            width=max(1, min(width, len(source) - column + 1, _WIDEST)),
        )

    def problem_at(self, id: str, position: Position, *, width: int = 1, **words: object) -> Problem:
        return self.problem(id, position.line, position.column, width=width, **words)


def _cut(word: object) -> object:
    return word[:_LONGEST] + "…" if isinstance(word, str) and len(word) > _LONGEST else word


def _printable(line: str) -> str:
    """Tabs and control characters would move the caret, or the terminal."""
    return "".join(c if c.isprintable() else " " for c in line)
