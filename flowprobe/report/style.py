"""How every page looks: its colours in light and dark and on paper, its texts and its tables."""

from __future__ import annotations

__all__ = ["BASE"]

BASE = """
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --line: #d5d9e0; --text: #1a1d23; --soft: #555d6b;
  --good: #17683a; --good-tint: #e3f4e9; --warn: #7a4d00; --warn-tint: #fdf0d2; --bad: #a3161a; --bad-tint: #fde4e2;
  --odd: #6a3aa5; --odd-tint: #efe6fb; --link: #0b57a4; }
@media (prefers-color-scheme: dark) { :root {
  --page: #14171c; --card: #1d2128; --line: #3a414d; --text: #e8ebf0; --soft: #a9b2c0;
  --good: #7fd8a0; --good-tint: #173325; --warn: #f0c366; --warn-tint: #3a2e12; --bad: #ff9b94; --bad-tint: #481c1c;
  --odd: #cbabfb; --odd-tint: #30234a; --link: #8cbcf5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 1.25rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1.05rem; line-height: 1.35; margin: 0 0 .75rem; }
p { margin: .25rem 0; }
a { color: var(--link); }
code { font: .875em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.soft { color: var(--soft); }
.verdict { display: inline-block; margin: .75rem 0; padding: .4rem .8rem; border-radius: .5rem; font-weight: 600;
  border: 1px solid currentcolor; }
.good { color: var(--good); background: var(--good-tint); }
.warn { color: var(--warn); background: var(--warn-tint); }
.bad { color: var(--bad); background: var(--bad-tint); }
.odd { color: var(--odd); background: var(--odd-tint); }
.dim { color: var(--soft); }
dl { display: grid; grid-template-columns: 7rem 1fr; gap: .3rem .75rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; }
mark { color: var(--warn); background: var(--warn-tint); padding: 0 .25rem; border-radius: .25rem; }
pre { margin: 0; padding: .4rem .6rem; background: var(--page); border: 1px solid var(--line); border-radius: .25rem;
  white-space: pre-wrap; user-select: all; }
.wide { width: fit-content; max-width: 100%; overflow-x: auto; background: var(--card);
  border: 1px solid var(--line); border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
ul.plain { padding-left: 1.1rem; margin: .25rem 0; }
summary { cursor: pointer; color: var(--link); margin: .75rem 0 .5rem; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .75rem; font-size: .9rem; }
@media (max-width: 40rem) {
  body { padding: .75rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dt { margin-top: .4rem; font-size: .85rem; }
}
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --line: #999; --text: #000; --soft: #444;
    --good: #17683a; --warn: #7a4d00; --bad: #a3161a; --odd: #6a3aa5; --link: #000;
    --good-tint: #fff; --warn-tint: #fff; --bad-tint: #fff; --odd-tint: #fff; }
  html { font-size: 9.5pt; }
  body { max-width: none; padding: 0; }
  .wide { overflow: visible; border: 0; }
  tr { break-inside: avoid; }
}
"""
