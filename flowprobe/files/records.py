"""Reading a `Record`: known keys, required ones, and what a near miss was meant to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from flowprobe.core import fields as f
from flowprobe.files.context import BAD, Context
from flowprobe.files.nodes import Mapping, Node, Scalar
from flowprobe.files.problems import did_you_mean, listed, with_article

__all__ = ["compile_record"]

Reader: TypeAlias = Callable[[Node, Context], Any]
Compile: TypeAlias = Callable[[f.Shape, str, str], Reader]


def compile_record(record: f.Record, name: str, compile_shape: Compile) -> Reader:
    """The reader of a record, whose value messages call `name`. A field's reader is made where the first file has it:
    there are some hundred and fifty, and most files have a few."""
    fields = {field.key: field for field in record.fields}
    readers: dict[str, tuple[str, Reader]] = {}
    rest = compile_shape(record.rest, "this field", "") if record.rest is not None else None
    required = tuple(field.key for field in record.fields if field.required)
    beside = {field.key: field.beside for field in record.fields if field.beside}
    groups = record.exactly_one or record.at_most_one or record.some_of

    def met(key: str) -> tuple[str, Reader] | None:
        field = fields.get(key)
        if field is not None:
            readers[key] = field.target, compile_shape(field.shape, f"`{key}`", field.example)
        return readers.get(key)

    def read(node: Node, context: Context) -> Any:
        if not isinstance(node, Mapping):
            return context.wrong_type(node, name, "a mapping", _example(record))
        attributes: dict[str, Any] = {}
        others: list[tuple[Scalar, Node]] = []
        for key, child in node.value:
            known = readers.get(key.value) or met(key.value)
            if known is None:
                others.append((key, child))
            else:
                attributes[known[0]] = known[1](child, context)
        if record.filled and not node.value:
            return context.report("empty", node, what=name, instead=_missing_example(record, record.fields[0].key))
        if others or beside or groups or len(attributes) < len(fields):
            before = len(context.problems)
            _check_keys(record, node, others if rest is None else _near_misses(record, others), required,
                        context)
            if len(context.problems) > before:
                return BAD
        if rest is not None:
            attributes["rest"] = {key.value: rest(child, context) for key, child in others}
        return _made(record, node, attributes, context)
    return read


def _made(record: f.Record, node: Mapping, attributes: dict[str, Any], context: Context) -> Any:
    if BAD in attributes.values():
        return BAD
    if record.positioned:
        attributes["position"] = context.position(node)
    if record.placed:
        attributes["positions"] = context.places(node)
    if record.verify and (wrong := record.verify(attributes)):
        key = next(key for key, _ in node.value if key.value == wrong.key)
        return context.report(wrong.id, key, **wrong.words)
    return record.make(**attributes)


def _check_keys(record: f.Record, node: Mapping, unknown: list[tuple[Scalar, Node]],
                required: tuple[str, ...],
                context: Context) -> None:
    """Unknown and missing keys; one that was meant to be a missing one makes one message, not two."""
    present = {key.value for key, _ in node.value}
    missing = [key for key in required if key not in present]
    only = missing[0] if len(missing) == len(unknown) == 1 else ""
    for key, _ in unknown:
        meant = _meant(record, key.value, present, missing) or ("" if _home(record, key.value) else only)
        if meant in missing:
            missing.remove(meant)
        context.report("unknown-key", key, key=key.value, noun=with_article(record.noun),
                       instead=_instead(record, key.value, meant))
    for absent in missing:
        context.report("missing-key", node, noun=with_article(record.noun), key=absent,
                       instead=_missing_example(record, absent))
    if not unknown:
        _check_groups(record, node, present, missing, context)


def _check_groups(record: f.Record, node: Mapping, present: set[str], missing: list[str], context: Context) -> None:
    group = [key for key, _ in node.value if key.value in record.exactly_one
             and not present & {*record.narrows.get(key.value, ())}]
    if record.exactly_one and len(group) != 1:
        seen = f"it has {listed((key.value for key in group), last='and')}" if group else "it has none"
        context.report("one-key", group[1] if group else node, noun=with_article(record.noun),
                       keys=listed(record.exactly_one), seen=seen,
                       instead="keep one of them" if group
                       else _missing_example(record, record.exactly_one[0]))
        return
    if record.some_of and not present & {*record.some_of}:
        context.report("some-key", node, noun=with_article(record.noun), keys=listed(record.some_of, last="or"),
                       instead=_missing_example(record, record.some_of[0]))
    several = [key for key, _ in node.value if key.value in record.at_most_one]
    if len(several) > 1:
        context.report("several-keys", several[1], noun=with_article(record.noun), keys=listed(record.at_most_one),
                       seen=listed((key.value for key in several), last="and"))
    for field in record.fields:
        if field.beside and field.key in present and field.beside not in (*present, *missing):
            key = next(key for key, _ in node.value if key.value == field.key)
            context.report("key-beside", key, key=field.key, beside=field.beside)


def _near_misses(record: f.Record, others: list[tuple[Scalar, Node]]) -> list[tuple[Scalar, Node]]:
    """Where any key goes, only those that look like a misspelt one of ours are refused."""
    ours = [field.key for field in record.fields if not isinstance(field.shape, f.Json)]
    return [(key, child) for key, child in others if did_you_mean(key.value, ours, cutoff=0.8)]


def _meant(record: f.Record, word: str, present: set[str], missing: list[str]) -> str:
    """The key that a misspelt one was meant to be: a required one first."""
    free = [field.key for field in record.fields if field.key not in present]
    for known in (missing, free):
        if near := did_you_mean(word, known):
            return near.split("`")[1]
    return ""


def _instead(record: f.Record, word: str, meant: str) -> str:
    if meant:
        return f"did you mean `{meant}`?"
    if home := _home(record, word):
        return f"it belongs under `{home}`"
    return f"write {listed(field.key for field in record.fields)}"


def _home(record: f.Record, word: str) -> str:
    """The key under which a word would be a key; '' where there is none."""
    return next((field.key for field in record.fields
                 if any(word == inner.key for part in _records(field.shape) for inner in part.fields)), "")


def _records(shape: f.Shape) -> Iterator[f.Record]:
    """The records that stand directly under a key."""
    match shape:
        case f.Record():
            yield shape
        case f.As():
            yield from _records(shape.shape)
        case f.OneOf(mapping=mapping) if mapping is not None:
            yield from _records(mapping)
        case f.ListOf():
            yield from _records(shape.item)
        case _:
            return


def _example(record: f.Record) -> str:
    """A whole one, as it stands between braces."""
    needed = [field for field in record.fields if field.required or field.key in record.exactly_one[:1]]
    shown = [f"{field.key}: {field.example}" for field in needed or record.fields[:1] if field.example]
    return f"{{{', '.join(shown)}}}" if shown else ""


def _missing_example(record: f.Record, key: str) -> str:
    field = next(field for field in record.fields if field.key == key)
    return f"write for example `{key}: {field.example}`" if field.example else ""
