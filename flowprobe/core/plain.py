"""Frozen values that are quick to define.

A dataclass writes a text and compiles it for each of its methods, at every start of the program: for a hundred classes
that is a good part of what a short command takes. What makes, freezes, compares, hashes and shows them is the same for
all, and stands here once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields, make_dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

__all__ = ["Frozen", "Plain", "changed", "plain"]

T = TypeVar("T")
_OFTEN = 300
"""To compile takes as long as what it saves in so many values."""


class Frozen:
    """What `plain` values have in common: they do not change, and can be pickled. Each is equal to itself alone."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __getstate__(self) -> list[Any]:
        return [getattr(self, part.name) for part in fields(self)]

    def __setstate__(self, state: list[Any]) -> None:
        for part, value in zip(fields(self), state, strict=True):
            object.__setattr__(self, part.name, value)

    if not TYPE_CHECKING:  # a type checker would take the first for the leave to set anything

        def __setattr__(self, name: str, value: object) -> None:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")

        def __delattr__(self, name: str) -> None:
            raise FrozenInstanceError(f"cannot delete field {name!r}")


class Plain(Frozen):
    """Frozen values that are equal where their parts are."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if self.__class__ is not other.__class__:
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _compared(self))

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in _compared(self)))

    def __repr__(self) -> str:
        shown = (name for name, each in self.__dataclass_fields__.items() if each.repr)
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


P = TypeVar("P", bound=Frozen)


def changed(value: P, **parts: Any) -> P:
    """The value with these parts: `dataclasses.replace` in a third of its time, for what every call passes."""
    names = value.__dataclass_fields__
    if not parts.keys() <= names.keys():
        raise TypeError(f"{value.__class__.__qualname__} has no {', '.join(sorted(parts.keys() - names.keys()))}")
    return value.__class__(*[parts[name] if name in parts else getattr(value, name) for name in names])


def _compared(value: Plain) -> list[str]:
    return [name for name, each in value.__dataclass_fields__.items() if each.compare]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def plain(cls: type[T]) -> type[T]:
    """A frozen, slotted dataclass whose parts are all arguments, without `__post_init__`; it inherits from `Plain`, or
    from `Frozen`."""
    cls.__doc__ = cls.__doc__ or cls.__name__  # or dataclass makes one up from the signature, which takes long
    made = dataclass(slots=True, init=False, eq=False, repr=False)(cls)
    made.__init__ = _maker(made)  # type: ignore[method-assign]
    return made


def _maker(cls: type) -> Callable[..., None]:
    """An `__init__` that takes what that of a dataclass takes, and is there at once. With parts that are named, or left
    to their defaults, it is slower by a microsecond: a class that has many such values gets the other one."""
    parts = fields(cls)
    names = tuple(part.name for part in parts)
    puts = tuple(getattr(cls, name).__set__ for name in names)  # of the slots: past `__setattr__`
    defaults = {part.name: part.default for part in parts if part.default is not MISSING}
    makers = {part.name: part.default_factory for part in parts if part.default_factory is not MISSING}

    times = 0

    def filled(values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        nonlocal times
        times += 1
        if times > _OFTEN:
            cls.__init__ = _compiled(cls)  # type: ignore[misc]
        found = list(values)
        for name in names[len(values):]:
            if name in named:
                found.append(named.pop(name))
            elif name in defaults:
                found.append(defaults[name])
            elif name in makers:
                found.append(makers[name]())
            else:
                raise TypeError(f"{cls.__qualname__}() is missing `{name}`")
        if named or len(found) > len(names):
            raise TypeError(f"{cls.__qualname__}() takes no more than {', '.join(names) or 'nothing'}, each once")
        return tuple(found)

    def __init__(self: object, /, *values: Any, **named: Any) -> None:
        if named or len(values) != len(names):
            values = filled(values, named)
        for put, value in zip(puts, values):  # noqa: B905  # they are as many
            put(self, value)

    return __init__


def _compiled(cls: type) -> Callable[..., None]:
    """The `__init__` that dataclass writes, by way of a class with the same parts."""
    parts = [(part.name, part.type, part) for part in fields(cls)]
    twin: Any = make_dataclass(cls.__name__, parts, frozen=True, eq=False, repr=False)
    made: Callable[..., None] = twin.__init__
    return made
