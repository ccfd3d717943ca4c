"""An exploration as a page of its own: one file that is read offline, without a script, on any screen and on paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flowprobe.core.exploring.exploration import Cell, Exploration
from flowprobe.report.exploring import MARK
from flowprobe.report.exploring_matrix import ONLY, SIGNS, Matrix, Row, counts, matrix_of, sign_of
from flowprobe.report.exploring_style import STYLE
from flowprobe.report.exploring_told import About, CaseTold, broke_words, odd_fields, place_words, steps_words
from flowprobe.report.exploring_words import (
    confirmed_words,
    counted,
    effort_words,
    ended_words,
    flaky_words,
    left_behind_words,
    left_words,
    mood_of,
    pairs_words,
    patience_words,
    pruned_words,
    site_words,
    states_words,
    threshold_words,
    unseen_words,
    verdict_words,
)
from flowprobe.report.html import Markup, document, element

__all__ = ["exploration_page"]

_QUIET = ("tolerated", "not applicable", "out of budget")
"""Outcomes of which there is nothing more to be said, cell by cell."""


def exploration_page(exploration: Exploration, cases: Sequence[CaseTold], about: About) -> str:
    """The page. Every text of it is escaped; secrets are the sink's to redact."""
    matrix = matrix_of(exploration)
    parts = (_head(exploration, about), _cases(cases, about), _coverage(matrix, exploration),
             _patience(exploration), _beside(exploration, about), _foot(about))
    return document(f"{verdict_words(exploration)} · {about.scenario} · FlowProbe", STYLE, *parts)


def _head(exploration: Exploration, about: About) -> Markup:
    mood = mood_of(exploration)
    where = [f"environment {about.environment}" if about.environment else "", f"seed {about.seed}", about.file]
    return element(
        "header", element("h1", f"Exploring “{about.scenario}”"),
        element("p", " · ".join(filter(None, where)), class_="soft"),
        element("p", f"{MARK[mood]} {verdict_words(exploration)}", class_=f"verdict {mood}"),
        element("p", effort_words(exploration, about)),
        element("p", _capital(ended_words(exploration))),
        *(element("p", _capital(words)) for words in left_words(exploration)),
        *(element("p", _capital(words), class_="bad") for words in left_behind_words(about.left_behind)),
        *([element("p", "Go on where it ended:"), _command(about.resume)] if about.resume else []))


def _capital(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


# --- the cases ------------------------------------------------------------------------------------


def _cases(cases: Sequence[CaseTold], about: About) -> Markup:
    if not cases:
        return Markup()
    cards = (element("li", _card(number, case, about)) for number, case in enumerate(cases, start=1))
    return element("section", element("h2", "Cases"), element("ol", *cards, class_="cases"))


def _card(number: int, case: CaseTold, about: About) -> Markup:
    found = case.found
    odd = [element("mark", str(each)) for each in odd_fields(found.case.state, about.defaults)]
    parts: list[tuple[str, Sequence[str]]] = [
        ("state", odd or ["the ordinary one"]),
        ("left out", list(filter(None, [steps_words(found.case.without)]))),
        ("faults", [place_words(placed) for placed in found.case.faults] or ["none"]),
        ("threshold", [_threshold(case, at) for at in range(len(case.thresholds))]),
        ("also breaks", [broke_words(each) for each in found.breaks[1:]]),
        ("confirmed", [confirmed_words(case)]),
        ("minimal", [f"not yet, the best so far: {case.best_so_far}"] if case.best_so_far else []),
        ("seen in", [counted(case.others, "other try", "other tries")] if case.others else []),
        ("replay", [_command(case.replay)]),
        ("file", [element("code", str(case.file))] if case.file is not None else []),
    ]
    listed = [part for lead, texts in parts if texts for part in (element("dt", lead), _texts("dd", texts))]
    return element("article", element("h3", f"✗ {number}  {case.sentence}"), element("dl", *listed), class_="card")


def _threshold(case: CaseTold, at: int) -> str:
    threshold, faults = case.thresholds[at], case.found.case.faults
    of = f" ({faults[threshold.fault].site.edge})" if len(faults) > 1 and threshold.fault < len(faults) else ""
    return f"{threshold_words(threshold)}{of}"


def _command(command: str) -> Markup:
    return element("pre", element("code", command))


def _texts(tag: str, texts: Iterable[str]) -> Markup:
    return element(tag, *(element("div", text) for text in texts))


# --- the table ------------------------------------------------------------------------------------


def _coverage(matrix: Matrix, exploration: Exploration) -> Markup:
    if not matrix.rows:
        return Markup()
    kinds = (*matrix.kinds, *matrix.nowhere)
    heads = (element("th", element("span", kind, class_="kind"), scope="col") for kind in kinds)
    head = element("thead", element("tr", element("th", "call", scope="col", class_="corner"), *heads))
    bodies = (_provider(edge, rows, kinds) for edge, rows in matrix.providers.items())
    caption = f"{counted(len(matrix.rows), 'call')} × {counted(len(kinds), 'fault kind')}"
    table = element("table", head, *bodies, class_="matrix", aria_label=caption)
    return element("section", element("h2", "Coverage"), element("p", caption, class_="soft"),
                   element("div", table, class_="wide", tabindex="0", role="region", aria_label="The coverage table"),
                   _legend(exploration), _seen_under(matrix), _in_words(matrix))


def _provider(edge: str, rows: Sequence[Row], kinds: Sequence[str]) -> Markup:
    head = element("tr", element("th", element("span", edge), scope="rowgroup", colspan=str(len(kinds) + 1)))
    return element("tbody", head, *(_row(row, kinds) for row in rows))


def _row(row: Row, kinds: Sequence[str]) -> Markup:
    mark = [element("span", "↳ ", title=f"seen only {row.seen_only}", class_="odd")] if row.seen_only else []
    cells = (element("td", _sign(row.cells[kind])) if kind in row.cells else element("td") for kind in kinds)
    return element("tr", element("th", *mark, element("code", site_words(row.site)), scope="row"), *cells)


def _sign(cell: Cell) -> Markup:
    """Glyph and letter; the whole of it for whoever points at it, comes there by key, or has it read out."""
    words = _cell_words(cell)
    there = {"title": words, "aria_label": words, "role": "img", "class_": f"sign {SIGNS[cell.outcome].style}"}
    if cell.because and cell.outcome not in _QUIET:
        there |= {"tabindex": "0", "data_tip": words}
    return element("span", sign_of(cell), **there)


def _cell_words(cell: Cell) -> str:
    because = f": {cell.because}" if cell.because else ""
    only = f", only {cell.only}" if cell.only else ""
    tries = f" ({counted(cell.tries, 'try', 'tries')})" if cell.tries else ""
    return f"{cell.kind} on {cell.site}: {SIGNS[cell.outcome].meaning}{because}{only}{tries}"


def _legend(exploration: Exploration) -> Markup:
    there = counts(exploration)
    items = [element("li", element("span", sign.text, class_=f"sign {sign.style}"),
                     f" {sign.meaning}: {there[outcome]}") for outcome, sign in SIGNS.items() if outcome in there]
    if any(cell.only for cell in exploration.cells):
        items.append(element("li", element("span", ONLY, class_="sign"),
                             " only in an odd state, or together with another fault"))
    return element("ul", *items, class_="legend")


def _seen_under(matrix: Matrix) -> Markup:
    return _listed([f"↳ {row.site}: seen only {row.seen_only}" for row in matrix.rows if row.seen_only])


def _in_words(matrix: Matrix) -> Markup:
    """The cells of which there is more to say, for paper and for whoever does not read tables of signs."""
    told = [cell for row in matrix.rows for cell in row.cells.values() if cell.outcome not in _QUIET]
    if not told:
        return Markup()
    head = element("tr", *(element("th", word, scope="col") for word in ("call", "kind", "outcome", "because")))
    rows = (element("tr", element("th", element("code", str(cell.site)), scope="row"), element("td", cell.kind),
                    element("td", element("span", sign_of(cell), class_=f"sign {SIGNS[cell.outcome].style}"),
                            f" {cell.outcome}"),
                    element("td", ", only ".join(filter(None, (cell.because, cell.only))))) for cell in told)
    table = element("table", element("thead", head), element("tbody", *rows), class_="words")
    return element("details", element("summary", f"{counted(len(told), 'cell')} in words"),
                   element("div", table, class_="wide"))


# --- what was learned beside ----------------------------------------------------------------------


def _patience(exploration: Exploration) -> Markup:
    if not exploration.patience:
        return Markup()
    head = element("tr", element("th", "call", scope="col"), element("th", "how long the product waits", scope="col"))
    rows = (element("tr", element("th", element("code", str(each.site)), scope="row"),
                    element("td", patience_words(each))) for each in exploration.patience)
    table = element("table", element("thead", head), element("tbody", *rows))
    return element("section", element("h2", "Patience"), element("div", table, class_="wide"))


def _beside(exploration: Exploration, about: About) -> Markup:
    states = [states_words(exploration.states), pairs_words(exploration)]
    pruned = [pruned_words(exploration.pruned)]
    parts = {"States and pairs": [words for words in states if words], "Not tried": pruned,
             "Left unseen": [unseen_words(exploration.unseen)],
             "Flaky": [flaky_words(each, about) for each in exploration.flaky]}
    return Markup("".join(element("section", element("h2", title), _listed(texts))
                          for title, texts in parts.items() if texts))


def _listed(texts: Sequence[str]) -> Markup:
    return element("ul", *(element("li", text) for text in texts), class_="plain") if texts else Markup()


def _foot(about: About) -> Markup:
    said = [f"FlowProbe {about.version}".strip(), f"run {about.run}" if about.run else "", about.folder,
            f"exit {about.exit_code}"]
    return element("footer", element("p", " · ".join(filter(None, said)), class_="soft"))
