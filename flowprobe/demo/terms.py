"""The terms of an account as a test asks for them: what they may be, and what cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, Literal, TypeAlias, TypeVar, get_args

from flowprobe.demo.replies import ApiError
from flowprobe.demo.state import Currency, Status, Terms

__all__ = ["read_terms", "terms_json"]

_MOST_CREDIT: Final = 1_000_000
_MOST_DOCUMENTS: Final = 100_000
_LONGEST_CONTACT: Final = 254
_COUPONS: Final = ("TEN",)
_PHONE: Final = re.compile(r"\+[0-9][0-9 ]{4,22}[0-9]")
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2098, 12, 31)

_Name: TypeAlias = Literal["status", "currency"]
Word = TypeVar("Word", Status, Currency)


def read_terms(body: Mapping[str, object]) -> Terms:
    """The terms that a body names; those that it leaves out are those of an ordinary account. Raises ApiError."""
    ordinary = Terms()
    terms = Terms(
        status=_word(body.get("status", ordinary.status), "status", get_args(Status)),
        currency=_word(body.get("currency", ordinary.currency), "currency", get_args(Currency)),
        credit=_number(body.get("credit", ordinary.credit), "credit", 0, _MOST_CREDIT),
        coupon=_coupon(body.get("coupon", ordinary.coupon)),
        billing_day=_number(body.get("billing_day", ordinary.billing_day), "billing_day", 1, 31),
        opened_on=_day(body.get("opened_on", ordinary.opened_on.isoformat())),
        contact=_contact(body.get("contact", ordinary.contact)),
        phone=_phone(body.get("phone", ordinary.phone)),
        receipts=_truth(body.get("receipts", ordinary.receipts), "receipts"),
        documents=_number(body.get("documents", ordinary.documents), "documents", 0, _MOST_DOCUMENTS),
    )
    _check_possible(terms)
    return terms


def terms_json(terms: Terms) -> dict[str, object]:
    return {
        "status": terms.status,
        "currency": terms.currency,
        "credit": terms.credit,
        "coupon": terms.coupon,
        "billing_day": terms.billing_day,
        "opened_on": terms.opened_on.isoformat(),
        "contact": terms.contact,
        "phone": terms.phone,
        "receipts": terms.receipts,
        "documents": terms.documents,
    }


def _check_possible(terms: Terms) -> None:
    """What each field may be, and no account can be."""
    if terms.status == "suspended" and terms.credit:
        raise _impossible("status is suspended, which is for who owes money, and credit is above 0")
    if terms.status == "trial" and terms.coupon:
        raise _impossible("status is trial, which is free of charge, and there is a coupon")


def _impossible(what: str) -> ApiError:
    return ApiError(422, "impossible_state", f"no account can be so: {what}")


def _word(value: object, name: _Name, words: tuple[Word, ...]) -> Word:
    for word in words:
        if value == word:
            return word
    raise ApiError(422, f"invalid_{name}", f"{name} is {value!r}; it must be one of {', '.join(words)}")


def _number(value: object, name: str, least: int, most: int) -> int:
    # bool is an int to Python, but not to whoever wrote `true` here.
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ApiError(422, f"invalid_{name}", f"{name} is {value!r}; it must be a whole number from {least} to {most}")
    return value


def _truth(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise ApiError(422, f"invalid_{name}", f"{name} is {value!r}; it must be true or false")
    return value


def _coupon(value: object) -> str | None:
    if value is not None and value not in _COUPONS:
        raise ApiError(422, "invalid_coupon", f"coupon is {value!r}; it must be {' or '.join(_COUPONS)}, or null")
    return None if value is None else str(value)


def _day(value: object) -> date:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    if day is None or not _FIRST_DAY <= day <= _LAST_DAY:
        message = f"opened_on is {value!r}; it must be a day from {_FIRST_DAY} to {_LAST_DAY}"
        raise ApiError(422, "invalid_opened_on", message)
    return day


def _contact(value: object) -> str:
    if not isinstance(value, str) or not 3 <= len(value) <= _LONGEST_CONTACT or "@" not in value[1:-1]:
        raise ApiError(422, "invalid_contact", "contact must be an address, such as office@acme.example")
    return value


def _phone(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _PHONE.fullmatch(value):
        raise ApiError(422, "invalid_phone", "phone must be as in +49 30 901820, or null")
    return value
