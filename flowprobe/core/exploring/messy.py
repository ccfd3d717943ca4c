"""Texts and addresses as real accounts have them: each of these has broken somebody's product. The plain ones come
first, so that what is found is found with a plain one if it can be."""

from __future__ import annotations

__all__ = ["EMAILS", "FIRST_EMAILS", "FIRST_TEXTS", "TEXTS"]

_FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
_WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"
"""One sign each, of seven characters."""

FIRST_TEXTS = ("O'Brien", "Ω", " Acme ", "יעל כהן ltd", _FAMILY, "null")
"""Those that are tried as boundaries, of as many natures: an apostrophe, one letter beyond ASCII, blanks at both ends,
two directions of writing, one sign of seven characters, a word that means nothing to a parser."""

TEXTS = (
    # names of people and of companies
    "O'Brien", "X", "Ω", "Anne-Marie", "Müller & Söhne", "Łódź", "Nguyễn Thị Ánh", "Smith, Jr.", "A/B Testing",
    "100% Pure", "Do \"It\" Yourself", "Back\\slash", "Yahoo!", "#1 Plumbing", "D. R. y Cía.", "- none -",
    # blanks where nobody sees them
    " ", " Acme", "Acme ", " Acme ", "Acme\u00a0GmbH", "\u3000", "two  blanks", "tab\there", "line\nbreak",
    "line\r\nbreak",
    # other scripts, and other directions
    "山田太郎", "株式会社", "홍길동", "สมชาย", "Дмитрий", "محمد", "יעל כהן ltd", "ﷺ", "𠮷野家",
    "\u202egnp.exe", "\u2067Acme\u2069", "\u200fAcme",
    # letters that look or fold alike, and are not
    "caf\u00e9", "cafe\u0301", "\u0130stanbul", "\u0131stanbul", "straße", "STRASSE", "ﬁsh", "Ａｃｍｅ", "раypal",
    # signs that are made of several, or of nothing
    "Z\u0351\u036b\u0343\u036aa\u0334l\u0337g\u0321o", "\u200b", "Ac\u200bme", "\ufeffAcme", "\u00adAcme",
    _FAMILY, _WALES, "👍🏽", "🇺🇳",
    "\u0001\u0002", "\u001b[31mred", "\u007f", "\u0085", "\u2028", "\ufffd", "\uffff",
    # words that mean something to a program
    "null", "NULL", "undefined", "None", "NaN", "true", "0", "-1", "1e309", "0x1F", "1,000", "٣", "{}", "[]", "\"\"",
    "${company}", "{{company}}", "%s", "%00", "%2e%2e", "&amp;", "<script>", "<script>alert(1)</script>", "<!--",
    "Robert'); DROP TABLE students;--", "' OR '1'='1", "=1+1", "@SUM(1)", "../", "../../etc/passwd", "C:\\", "con",
    "; ls", "`id`", "$(id)", "constructor", "__proto__",
)
"""No NUL is among them, and no half of a surrogate pair: JSON over HTTP cannot carry both everywhere, and what a
product says of them is no news. They are characters as Unicode counts them."""

_LONGEST_LOCAL = "a" * 64 + "@example.com"
FIRST_EMAILS = ("guest+invoices@example.com", "GUEST@EXAMPLE.COM", "o'brien@example.com", "guest@münchen.example",
                "\"guest user\"@example.com", _LONGEST_LOCAL)

EMAILS = (
    "guest@example.com", "guest+invoices@example.com", "first.last@example.org", "GUEST@EXAMPLE.COM", "x@example.com",
    "o'brien@example.com", "guest@mail.eu-west-1.example.com", "123@example.com", "_@example.com", "a-b_c@example.com",
    "guest%home@example.com", "guest!x@example.com", "{guest}@example.com", "guest@museum.example", "guest@123.example",
    "guest@münchen.example", "guest@xn--mnchen-3ya.example", "müller@example.com", "用户@例子.example",
    "\"guest user\"@example.com", "\"a@b\"@example.com", _LONGEST_LOCAL,
    "guest@" + ".".join(["d" * 60] * 3) + ".example.com",
)
"""All valid (RFC 5321 and 6531). The domains are those that nobody can own (RFC 2606), so that no mail arrives."""
