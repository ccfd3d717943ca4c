"""The script of the page of a run: it finds, filters and moves. Everything can be read without it."""

from __future__ import annotations

__all__ = ["SCRIPT"]

SCRIPT = """
'use strict';
(() => {
  const trials = [...document.querySelectorAll('details.trial')];
  const bar = document.getElementById('find'), field = document.getElementById('words');
  const boxes = [...bar.querySelectorAll('input[type=checkbox]')], count = document.getElementById('count');
  const texts = new Map();
  const text = (trial) => {
    if (!texts.has(trial)) texts.set(trial, trial.textContent.toLowerCase());
    return texts.get(trial);
  };
  const show = () => {
    const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const kinds = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    for (const trial of trials) {
      trial.hidden = !(kinds.has(trial.dataset.kind) && words.every((word) => text(trial).includes(word)));
      shown += !trial.hidden;
    }
    for (const group of document.querySelectorAll('section.journey'))
      group.hidden = !group.querySelector('details.trial:not([hidden])');
    count.textContent = shown + ' of ' + trials.length + ' trials';
  };
  let at = -1;
  const go = (by) => {
    const seen = trials.filter((trial) => !trial.hidden);
    if (!seen.length) return;
    const now = seen.indexOf(trials[at]);
    const next = seen[Math.min(Math.max(now + by, 0), seen.length - 1)];
    at = trials.indexOf(next);
    next.open = true;
    next.firstElementChild.focus({preventScroll: true});
    next.scrollIntoView({block: 'start'});
    history.replaceState(null, '', '#' + next.dataset.anchor);
  };
  const reveal = () => {
    const found = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const trial = found && found.closest('details.trial');
    if (!trial) return;
    trial.open = true; trial.hidden = false; at = trials.indexOf(trial);
    (found.parentElement === trial ? trial : found).scrollIntoView({block: 'start'});
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === field) {
      if (event.key === 'Escape') { field.value = ''; show(); field.blur(); }
      return;
    }
    if (event.key === 'j') go(1);
    else if (event.key === 'k') go(-1);
    else if (event.key === '/') { event.preventDefault(); field.focus(); field.select(); }
  });
  field.addEventListener('input', show);
  for (const box of boxes) box.addEventListener('change', show);
  addEventListener('hashchange', reveal);
  bar.hidden = false;
  show();
  reveal();
})();
"""
