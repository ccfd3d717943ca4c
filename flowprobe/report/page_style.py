"""How the page of a run looks: in light and dark, on a telephone, and on paper."""

from __future__ import annotations

from flowprobe.report.style import BASE

__all__ = ["STYLE"]

STYLE = BASE + """
html { scroll-padding-top: 4.5rem; }
.inside { scroll-margin-top: 3rem; }
th .soft { font-weight: 400; font-size: .85rem; }
.lead { font-weight: 600; font-size: 1.05rem; line-height: 1.4; text-wrap: pretty; margin: 0 0 .5rem; }
.inside h3 { font-size: .95rem; margin: 1.25rem 0 .35rem; }
#find { position: sticky; top: 0; z-index: 5; display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center;
  margin: 1.25rem 0 .5rem; padding: .5rem 0; background: var(--page); border-bottom: 1px solid var(--line); }
#find[hidden] { display: none; }
#find input[type=search] { font: inherit; flex: 1 1 14rem; min-width: 0; padding: .35rem .6rem; color: var(--text);
  background: var(--card); border: 1px solid var(--soft); border-radius: .4rem; }
#find label { white-space: nowrap; }
#find [type=checkbox] { accent-color: var(--link); }
kbd { font: .8rem ui-monospace, monospace; border: 1px solid var(--line); border-radius: .25rem; padding: 0 .3rem; }
.grid { border-collapse: separate; border-spacing: 0; width: auto; }
.grid th[scope=row] { position: sticky; left: 0; z-index: 1; background: var(--card);
  min-width: 12rem; max-width: 22rem; border-right: 1px solid var(--line); }
.grid td { white-space: nowrap; }
.chips { display: flex; flex-wrap: wrap; gap: .3rem; }
.chip { display: inline-block; padding: .1rem .5rem; border-radius: .4rem; text-decoration: none;
  border: 1px solid currentcolor; font-size: .85rem; white-space: nowrap; }
.chip:hover, .chip:focus-visible { text-decoration: underline; }
.mark { font-weight: 700; }
.trial { background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--soft);
  border-radius: .5rem; margin: .5rem 0; content-visibility: auto; contain-intrinsic-size: auto 3rem; }
.trial[open] { contain-intrinsic-size: auto 50rem; }
.trial.k-fail { border-left-color: var(--bad); }
.trial.k-degraded { border-left-color: var(--warn); }
.trial.k-pass { border-left-color: var(--good); }
.trial.k-inconclusive { border-left-color: var(--odd); }
.trial > summary { margin: 0; padding: .5rem .9rem; color: var(--text); display: flex; flex-wrap: wrap;
  gap: .1rem .75rem; align-items: baseline; list-style: none; }
.trial > summary::-webkit-details-marker { display: none; }
.trial > summary::before { content: "▸"; color: var(--soft); }
.trial[open] > summary::before { content: "▾"; }
.trial > summary b { font-weight: 600; }
summary:focus-visible, a:focus-visible, pre:focus-visible, input:focus-visible { outline: 2px solid var(--link);
  outline-offset: 2px; }
.inside { padding: .25rem .9rem 1rem; border-top: 1px solid var(--line); padding-top: .75rem; }
.tag { padding: .05rem .45rem; border-radius: .35rem; font-size: .85rem; font-weight: 600; white-space: nowrap; }
.fall { list-style: none; padding: 0; margin: 0; border: 1px solid var(--line); border-radius: .4rem;
  overflow: hidden; }
.step { padding: .4rem .6rem; border-bottom: 1px solid var(--line); }
.step:last-child { border-bottom: 0; }
.step.broken { background: color-mix(in srgb, var(--bad-tint) 35%, var(--card)); }
.step .name { font-weight: 600; text-decoration: none; color: var(--text); }
.step .name:hover { text-decoration: underline; }
.name .good, .name .bad, .name .warn { padding: 0 .25rem; border-radius: .25rem; }
.step > p { margin: 0; font-size: .9rem; }
.row { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 3fr) minmax(0, 5fr); gap: .1rem 1rem;
  align-items: center; padding: .1rem 0; font-size: .92rem; }
.row.under > code { padding-left: 1rem; }
.came { font-variant-numeric: tabular-nums; }
.came.bad { background: none; font-weight: 600; }
.track { position: relative; display: block; height: .8rem; background: var(--page); border-radius: .2rem; }
.track i { position: absolute; top: 0; bottom: 0; min-width: 2px; border-radius: .15rem; }
.track .ours { background: var(--link); }
.track .theirs { background: none; border: 1.5px solid var(--odd); }
.track .injected { background: repeating-linear-gradient(135deg, var(--warn) 0 3px, var(--warn-tint) 3px 6px);
  border: 1px solid var(--warn); }
.step > .receipt { color: var(--warn); padding-left: 2rem; font-size: .88rem; }
.said { margin: .25rem 0 .25rem 1rem; font-size: .92rem; }
.said > p { margin: 0; overflow-wrap: anywhere; }
.said > .about { font-size: .8rem; }
.said > .log { font-size: .88rem; white-space: pre-wrap; }
.track .span { background: var(--soft); }
.track .span.failed { background: var(--bad); outline: 2px solid var(--bad); outline-offset: 1px; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; font-size: .85rem; color: var(--soft); padding: 0;
  margin: .5rem 0; list-style: none; }
.legend .track { display: inline-block; width: 2rem; vertical-align: -.1rem; }
.charts { content-visibility: auto; contain-intrinsic-size: auto 20rem; }
.charts .key { white-space: nowrap; }
.charts .key .track { display: inline-block; width: 1.2rem; vertical-align: -.1rem; }
.panels, .bars { list-style: none; padding: 0; margin: 0; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); gap: .6rem;
  margin-top: .5rem; }
.panel { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .7rem .6rem; }
.panel > a { display: inline-block; padding: 0 .4rem; border-radius: .3rem; margin-bottom: .3rem; font-size: .9rem;
  font-weight: 600; text-decoration: none; }
.panel > a:hover { text-decoration: underline; }
.bars li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 .5rem; font-size: .8rem;
  line-height: 1.35; padding: .1rem 0; }
.bars .what { overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.bars .took { color: var(--soft); font-variant-numeric: tabular-nums; white-space: nowrap; }
.bars .track { grid-column: 1 / -1; height: .55rem; }
.bars i { left: 0; }
.track .before { position: absolute; top: -2px; bottom: -2px; width: 2px; margin-left: -1px; background: var(--text); }
.expected, .facts { margin: .3rem 0; background: var(--card); border: 1px solid var(--line); }
.expected strong { color: var(--bad); }
.degraded .expected strong { color: var(--warn); }
.expected th { font-weight: 400; }
figure { margin: .5rem 0; }
figcaption { font-size: .9rem; }
.diff { padding: .3rem .6rem; max-height: 24rem; overflow: auto; user-select: text;
  font: .82rem/1.45 ui-monospace, SFMono-Regular, Menlo, monospace; }
.diff span { display: block; margin: 0 -.6rem; padding: 0 .6rem; }
.diff .plus { background: var(--bad-tint); color: var(--bad); }
.diff .minus { background: var(--good-tint); color: var(--good); }
.diff .at { color: var(--soft); }
.line { display: block; padding: .15rem 0; }
.line + .line { border-top: 1px dashed var(--line); }
@media (max-width: 40rem) {
  .row { grid-template-columns: 1fr; gap: 0; padding: .25rem 0; }
  .row.under > .came, .row.under > .track { margin-left: 1rem; }
  #find { position: static; }
  #find .soft { display: none; }
  html { scroll-padding-top: .5rem; }
  .grid th[scope=row] { min-width: 8rem; max-width: 9rem; font-size: .8rem; }
  .expected thead, .facts thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
    clip-path: inset(50%); }
  .expected tr, .facts tr { display: block; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
  .expected th, .expected td, .facts td { display: block; padding: 0; border: 0; }
  [data-head]:not(:empty)::before { content: attr(data-head) ": "; color: var(--soft); }
  .trial > summary { padding: .5rem .6rem; }
  .inside { padding: .6rem; }
}
@media print {
  #find, kbd, .trial > summary::before { display: none; }
  .trial { content-visibility: visible; break-inside: auto; }
  .k-fail::details-content, .k-inconclusive::details-content { content-visibility: visible; block-size: auto; }
  .curl::details-content, .inside details::details-content { content-visibility: visible; block-size: auto; }
  .charts { content-visibility: visible; break-inside: auto; }
  .step, .panel, figure:not(.charts) { break-inside: avoid; }
  .diff { max-height: none; overflow: visible; }
  .track, .track i, .track b, .tag, .chip, .verdict { print-color-adjust: exact; }
}
"""
