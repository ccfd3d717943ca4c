"""How the page of nights looks: in light and dark, on a telephone, and on paper."""

from __future__ import annotations

from flowprobe.report.style import BASE

__all__ = ["STYLE"]

STYLE = BASE + """
.lead { font-weight: 600; font-size: 1.05rem; line-height: 1.4; text-wrap: pretty; }
.alert { background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--warn);
  border-radius: .5rem; padding: .6rem .9rem; margin: .5rem 0; break-inside: avoid; }
.alert.page { border-left-color: var(--bad); }
.tag { padding: .05rem .45rem; border-radius: .35rem; font-size: .85rem; font-weight: 600; white-space: nowrap; }
.nights { border-collapse: separate; border-spacing: 0; width: auto; }
.nights th[scope=row] { position: sticky; left: 0; z-index: 1; background: var(--card); font-weight: 400;
  min-width: 13rem; max-width: 26rem; border-right: 1px solid var(--line); }
.nights thead th { font-weight: 600; white-space: nowrap; font-size: .8rem; }
.nights td { text-align: center; padding: .25rem; }
.nights td.since { text-align: left; min-width: 15rem; max-width: 26rem; padding: .35rem .6rem; }
.nights td { vertical-align: middle; }
.wide th, .wide td { overflow-wrap: break-word; }
.wide td:last-child { min-width: 8rem; }
.nights td:last-child { min-width: 0; }
.sign { display: inline-block; min-width: 1.9rem; padding: .1rem .2rem; border-radius: .3rem; text-decoration: none;
  font: 600 .9rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; text-align: center; }
a.sign:hover, a.sign:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
.legend { display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; padding: 0; margin: .75rem 0; list-style: none; }
.panels { list-style: none; padding: 0; margin: .5rem 0; display: grid; gap: .6rem;
  grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); }
.panel { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .7rem .6rem;
  font-size: .9rem; break-inside: avoid; }
.panel p { margin: 0 0 .25rem; }
figure { margin: .4rem 0 0; }
svg.nightly { display: block; width: 100%; height: 4rem; background: var(--page); border-radius: .25rem;
  print-color-adjust: exact; }
.band { fill: var(--good-tint); }
.usual { stroke: var(--good); stroke-width: 1; stroke-dasharray: 4 3; vector-effect: non-scaling-stroke; }
.change { stroke: var(--bad); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.dot { stroke: var(--soft); stroke-width: 4; stroke-linecap: round; fill: none; vector-effect: non-scaling-stroke; }
.dot.tonight { stroke: var(--link); stroke-width: 7; }
.dot.changed { stroke: var(--bad); }
.ends { display: flex; justify-content: space-between; gap: .5rem; font-size: .78rem; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
@media (max-width: 40rem) {
  .nights th[scope=row] { min-width: 8rem; max-width: 9.5rem; font-size: .8rem; }
}
@media print {
  .nights th[scope=row] { position: static; }
  .nights { font-size: 7.5pt; }
  .sign, .tag, .verdict { print-color-adjust: exact; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
"""
