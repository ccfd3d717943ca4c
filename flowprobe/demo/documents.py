"""What can be found in Acme Teams: the search index holds a copy of what the database holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

__all__ = ["DOCUMENTS", "Document", "documents_matching"]


@dataclass(frozen=True, slots=True)
class Document:
    """One thing that the search tab can show."""

    id: str
    kind: str
    title: str

    def to_json(self) -> dict[str, str]:
        return asdict(self)


DOCUMENTS: Final[tuple[Document, ...]] = (
    Document("doc_01", "person", "Ada Lovelace, engineering, team Europe"),
    Document("doc_02", "person", "Grace Hopper, engineering, team Europe"),
    Document("doc_03", "person", "Katherine Johnson, finance, team Europe"),
    Document("doc_04", "person", "Alan Turing, research, team Americas"),
    Document("doc_05", "team", "Team Europe: plan Pro, billed in EUR"),
    Document("doc_06", "team", "Team Americas: plan Basic, billed in EUR"),
    Document("doc_07", "invoice", "Invoice 2026-07 for Acme: three seats, plan Pro"),
    Document("doc_08", "invoice", "Invoice 2026-08 for Acme: three seats, plan Pro"),
    Document("doc_09", "document", "Onboarding guide for a new teammate"),
    Document("doc_10", "document", "How to invite a guest and pay for one more seat"),
    Document("doc_11", "document", "Security review of Acme, signed"),
    Document("doc_12", "document", "Roadmap of team Europe, autumn"),
)


def documents_matching(query: str) -> tuple[Document, ...]:
    """Every document whose title or kind contains each word of the query, in the order of the ids."""
    words = query.casefold().split()
    return tuple(document for document in DOCUMENTS if _holds(document, words))


def _holds(document: Document, words: list[str]) -> bool:
    text = f"{document.kind} {document.title}".casefold()
    return bool(words) and all(word in text for word in words)
