"""A persona's accounts: a pool of which a trial holds one. Everything else about the persona is as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from flowprobe.core.plain import Plain, plain
from flowprobe.core.scenario import Persona, Position, Value

if TYPE_CHECKING:
    from flowprobe.core.auth import Auth, Certificate

__all__ = ["Account", "acting", "bound", "variants"]


@plain
class Account(Plain):
    """One account of a pool: what it says stands in place of what its persona says."""

    name: str
    position: Position
    fields: Mapping[str, Value] = field(default_factory=dict)
    auth: Auth | None = None
    certificate: Certificate | None = None


def bound(persona: Persona, account: Account) -> Persona:
    """The persona with this account: `${role.account}` and its own fields are found from now on."""
    return replace(persona, fields={**persona.fields, **account.fields, "account": account.name},
                   auth=account.auth or persona.auth, certificate=account.certificate or persona.certificate,
                   accounts=(), leased=account.name)


def variants(persona: Persona) -> tuple[Persona, ...]:
    """Whoever it can act as: with each of its accounts, or as it is."""
    return tuple(bound(persona, account) for account in persona.accounts) or (persona,)


def acting(personas: Mapping[str, Persona], identity: str) -> Persona | None:
    """Who is meant by `pro-eu` or `pro-eu/acc_1`; None where there is nobody of that name any more."""
    name = identity.partition("/")[0]
    found = variants(personas[name]) if name in personas else ()
    return next((persona for persona in found if persona.identity == identity), None)
