"""How the page of an exploration looks: in light and dark, on a telephone, and on paper."""

from __future__ import annotations

from flowprobe.report.style import BASE

__all__ = ["STYLE"]

STYLE = BASE + """
.cases { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); gap: 1rem;
  padding: 0; margin: 0; list-style: none; }
.card { background: var(--card); border: 1px solid var(--line); border-top: .25rem solid var(--bad);
  border-radius: .5rem; padding: 1rem; break-inside: avoid; }
dd > div + div { margin-top: .25rem; }
header pre { display: inline-block; }
h3, dd > div { text-wrap: pretty; }
.words { min-width: 46rem; overflow-wrap: normal; }
.words td:nth-child(2), .words td:nth-child(3) { white-space: nowrap; }
.words code { overflow-wrap: anywhere; }
.matrix { width: auto; border-collapse: separate; border-spacing: 0; }
.matrix th, .matrix td { padding: .25rem .3rem; vertical-align: middle; }
.matrix thead th { vertical-align: bottom; }
.matrix thead .kind { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; font-weight: 600;
  padding: .5rem .2rem; white-space: nowrap; }
.matrix th[scope=row], .matrix .corner { position: sticky; left: 0; z-index: 1; background: var(--card);
  min-width: 11rem; max-width: 24rem; font-weight: 400; border-right: 1px solid var(--line); padding-left: .75rem; }
.matrix th[scope=rowgroup] { background: var(--page); font-weight: 600; padding-left: .75rem; }
.matrix th[scope=rowgroup] span { position: sticky; left: .75rem; }
.matrix td { text-align: center; }
.sign { display: inline-block; min-width: 2.3rem; padding: .15rem .2rem; border-radius: .3rem; white-space: nowrap;
  font: 600 .85rem/1.3 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; cursor: default; text-align: center; }
.sign:focus { outline: 2px solid var(--link); outline-offset: 1px; }
.sign[tabindex]:focus::after, .sign[tabindex]:hover::after { content: attr(data-tip); position: fixed; z-index: 9;
  left: 1rem; right: 1rem; bottom: 1rem; padding: .75rem 1rem; border-radius: .5rem; background: var(--text);
  color: var(--page); font: 1rem/1.4 system-ui, sans-serif; white-space: normal; text-align: left;
  pointer-events: none; }
.legend { display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; padding: 0; margin: .75rem 0; list-style: none; }
@media (max-width: 40rem) {
  .matrix th[scope=row], .matrix .corner { min-width: 8.5rem; max-width: 9.5rem; font-size: .8rem; }
  .sign { min-width: 2rem; }
}
@media print {
  @page { size: A4 landscape; margin: 12mm; }
  .words { min-width: 0; }
  .matrix { font-size: 7pt; }
  .matrix th, .matrix td { padding: .1rem; }
  .matrix th[scope=row], .matrix .corner { position: static; min-width: 0; max-width: 14rem; }
  .sign { min-width: 1.6rem; font-size: 7pt; padding: 0; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
"""
