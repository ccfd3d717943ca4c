"""Fault profiles: found by name or file, and put on the providers of an environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import zip_longest
from pathlib import Path

from flowprobe.core.profiles import ANY, Aim, aimed, parse_aim, providers_of, segments_of, sends_webhooks
from flowprobe.core.scenario import Environment, FaultPlan
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.scenarios import load_profile
from flowprobe.running.places import profile_folders, profile_names

__all__ = ["profile", "profile_for"]

_PLACE = "--faults"


def profile_for(asked: str, environment: Environment, files: Sequence[Path], plans: Iterable[str] = (), *,
                place: str = _PLACE) -> FaultPlan:
    """The profile that was asked for, on the providers that it says. Raises InvalidInput.

    `files` are the scenarios, above which profiles are looked for; `plans` what else could have been meant; `place` is
    the option that asks. Of an incident `NAME#SEGMENT` is one segment.
    """
    whole, _, segment = asked.partition("#")
    plan = _whole(whole, environment, files, plans, place)
    return _segment(plan, segment, place) if segment else plan


def _segment(plan: FaultPlan, name: str, place: str) -> FaultPlan:
    known = {each.name.rpartition(".")[2]: each for each in segments_of(plan)} if plan.segments else {}
    if name in known:
        return known[name]
    raise _problem("unknown-plan", f"the profile {plan.name!r} has no segment {name!r} in which anything was amiss",
                   _instead(name, tuple(known)), place)


def _whole(asked: str, environment: Environment, files: Sequence[Path], plans: Iterable[str], place: str) -> FaultPlan:
    aim = parse_aim(asked)
    if aim.strange is not None:
        raise _problem("bad-aim", f"{aim.strange!r} in {asked!r} is no provider",
                       f"write {aim.profile}@PROVIDER, or {aim.profile}@EDGE=PROVIDER,EDGE=PROVIDER", place)
    plan = profile(aim.profile, files, plans, place=place)
    named = plan.name if not aim.providers else f"{plan.name}@{asked.rpartition('@')[2]}"
    return replace(aimed(plan, _Range(plan, environment, place).providers(aim)), name=named, asked=asked)


def profile(name: str, files: Sequence[Path] = (), plans: Iterable[str] = (), *, place: str = _PLACE) -> FaultPlan:
    """The profile of that name, or in that file; `place` is where it was asked for. Raises InvalidInput."""
    if name.endswith((".yaml", ".yml")):
        return load_profile(Path(name))
    for folder in profile_folders(files):
        if (folder / f"{name}.yaml").is_file():
            return load_profile(folder / f"{name}.yaml")
    known = sorted({*plans, *profile_names(files)})
    raise _problem("unknown-plan", f"there is no fault plan and no profile {name!r}", _instead(name, known), place)


@dataclass(frozen=True, slots=True)
class _Range:
    """A profile, and an environment on whose providers it is to fall."""

    plan: FaultPlan
    environment: Environment
    place: str

    @property
    def edges(self) -> tuple[str, ...]:
        return providers_of(self.plan)

    def providers(self, aim: Aim) -> Mapping[str, str]:
        """Which provider of the environment each one of the plan is."""
        wanted = dict(aim.providers)
        if only := wanted.pop("", ""):
            wanted[self._only(aim)] = only
        for edge, provider in wanted.items():
            self._check(edge, provider)
        found = {edge: wanted.get(edge) or self._by_itself(edge) for edge in self.edges}
        if len(set(found.values())) < len(found):
            raise self._problem("bad-aim", f"two providers of the profile {self.plan.name!r} would be the same one",
                                "give each a provider of its own")
        return found

    def _only(self, aim: Aim) -> str:
        if len(self.edges) == 1:
            return self.edges[0]
        instead = f"say of each where it is to fall: {self._example()}" if self.edges else (
            f"write {self.place} {aim.profile}")
        raise self._problem("bad-aim", f"the profile {self.plan.name!r} falls on "
                            f"{_named(self.edges) or 'the user edge alone'}", instead)

    def _check(self, edge: str, provider: str) -> None:
        name, known = self.environment.name, self.environment.providers
        if edge not in self.edges:
            raise self._problem("bad-aim", f"the profile {self.plan.name!r} has no faults on {edge!r}",
                                _instead(edge, self.edges))
        if provider not in known:
            raise self._problem("unknown-provider", f"the environment {name!r} has no provider {provider!r}",
                                _instead(provider, tuple(known)))
        if sends_webhooks(self.plan, edge) and known[provider].webhooks is None:
            raise self._problem("no-webhooks", f"{provider!r} has no `webhooks` in the environment {name!r}",
                                f"give it `webhooks`: the profile {self.plan.name!r} falls on them")

    def _by_itself(self, edge: str) -> str:
        """The provider of that name; for any, the only one that there is."""
        known = self.environment.providers
        if edge in known:
            return edge
        able = [name for name, provider in known.items()
                if provider.webhooks is not None or not sends_webhooks(self.plan, edge)]
        if edge == ANY and len(able) == 1:
            return able[0]
        found = "any provider" if edge == ANY else f"the provider {edge!r}"
        there = f"the environment {self.environment.name!r} has {_named(able) or 'none that will do'}"
        raise self._problem("unknown-provider", f"the profile {self.plan.name!r} falls on {found}, and {there}",
                            f"say which one it is: {self.place} {self._example(able)}")

    def _example(self, able: Sequence[str] = ()) -> str:
        pairs = list(zip_longest(self.edges, able[: len(self.edges)], fillvalue="PROVIDER"))
        said = pairs[0][1] if len(pairs) == 1 else ",".join(f"{edge}={name}" for edge, name in pairs)
        return f"{self.plan.name}@{said}"

    def _problem(self, id: str, found: str, instead: str) -> InvalidInput:
        return _problem(id, found, instead, self.place)


def _named(words: Sequence[str]) -> str:
    return " and ".join(map(repr, words))


def _instead(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there is: {', '.join(known) or 'none'}"


def _problem(id: str, found: str, instead: str, place: str) -> InvalidInput:
    return InvalidInput((Problem(id, place, 0, 0, found, instead),))
