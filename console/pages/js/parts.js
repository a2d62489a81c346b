/* What all pages are made of: headings, figures, badges, states of loading, tabs. */

import { h, replace, uniqueId } from './dom.js';
import { t } from './strings.js';

export function heading(title, ...actions) {
  return h('div', { class: 'heading' }, h('h1', { tabindex: '-1' }, title), h('div', { class: 'actions' }, actions));
}

/* Parents of a page: [[text, href], ...]. */
export function trail(...steps) {
  return h('nav', { class: 'trail', 'aria-label': t('trail') },
    h('ol', null, steps.map(([text, href]) => h('li', null, href ? h('a', { href }, text) : h('span', { 'aria-current': 'page' }, text)))));
}

export function section(title, ...children) {
  const id = uniqueId('section');
  return h('section', { class: 'card', 'aria-labelledby': id }, h('h2', { id }, title), children);
}

/* A figure with its name; kind: ok, warn, bad. */
export function figure(name, value, { note, kind } = {}) {
  return h('div', { class: kind ? `figure ${kind}` : 'figure' }, h('dt', null, name),
    h('dd', null, value, note ? h('small', null, note) : null));
}

export function figures(...children) {
  return h('dl', { class: 'figures' }, children);
}

/* Names and values, one line each. */
export function facts(pairs) {
  return h('dl', { class: 'facts' }, pairs.filter(Boolean).map(([name, value]) =>
    h('div', null, h('dt', null, name), h('dd', null, value === '' || value === null || value === undefined ? '–' : value))));
}

export function badge(text, kind = '') {
  return h('span', { class: `badge ${kind}` }, text);
}

/* label: the name for a button whose text alone does not say of what; it begins with the text. */
export function button(text, onclick, { kind = '', label, disabled, type = 'button' } = {}) {
  return h('button', { type, class: `button ${kind}`, onclick, 'aria-label': label, title: label, disabled }, text);
}

export function link(text, href, kind = '') {
  return h('a', { href, class: kind || null }, text);
}

export function code(text) {
  return h('code', null, text);
}

export function empty(text, ...actions) {
  return h('div', { class: 'empty' }, h('p', null, text), actions);
}

export function loading() {
  return h('div', { class: 'loading', role: 'status' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), t('loading'));
}

export function problem(error, retry) {
  return h('div', { class: 'problem', role: 'alert' }, h('strong', null, t('problem')), h('p', null, error.message),
    error.requestId ? h('small', null, t('request_id', error.requestId)) : null,
    retry ? button(t('retry'), retry) : null);
}

/*
 * Fills the element with what the promise gives: work() -> data, draw(data) -> nodes. Says that it is
 * loading, says why it failed and lets the reader try again. Resolves when something is shown.
 */
export async function fillFrom(element, work, draw) {
  element.setAttribute('aria-busy', 'true');
  if (!element.hasChildNodes()) replace(element, loading());
  try {
    const data = await work();
    replace(element, draw(data));
  } catch (error) {
    if (error.name === 'AbortError') return;
    if (error.status === undefined) console.error(error);
    replace(element, problem(error, () => {
      replace(element);
      fillFrom(element, work, draw);
    }));
  } finally {
    element.removeAttribute('aria-busy');
  }
}

/* Sections behind tabs: [[title, () => node], ...]; each is made when it is first seen. */
export function tabs(label, list, chosen = 0) {
  const id = uniqueId('tabs');
  const panels = list.map((_, i) => h('div', { role: 'tabpanel', id: `${id}-panel-${i}`, 'aria-labelledby': `${id}-tab-${i}`, hidden: i !== chosen, tabindex: '0' }));
  const handles = list.map(([title], i) => h('button', {
    type: 'button', role: 'tab', id: `${id}-tab-${i}`, 'aria-controls': `${id}-panel-${i}`,
    onclick: () => choose(i), onkeydown: event => move(event, i),
  }, title));
  function choose(index, focus = false) {
    handles.forEach((handle, i) => {
      handle.setAttribute('aria-selected', String(i === index));
      handle.tabIndex = i === index ? 0 : -1;
      panels[i].hidden = i !== index;
    });
    if (!panels[index].hasChildNodes()) replace(panels[index], list[index][1]());
    if (focus) handles[index].focus();
  }
  function move(event, i) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose((i + step + list.length) % list.length, true);
  }
  choose(chosen);
  return h('div', { class: 'tabs' }, h('div', { role: 'tablist', 'aria-label': label }, handles), panels);
}

/* One of several, at once visible: [[value, text], ...]. */
export function choice(label, options, value, onchange) {
  const name = uniqueId('choice');
  return h('fieldset', { class: 'choice' }, h('legend', { class: 'unseen' }, label), options.map(([key, text]) =>
    h('label', null, h('input', { type: 'radio', name, value: key, checked: key === value, onchange: () => onchange(key) }), h('span', null, text))));
}

let region = null;

/* Says something for some seconds, to screen readers, too. */
export function toast(text) {
  if (!region || !region.isConnected) {
    region = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
    document.body.append(region);
  }
  const note = h('p', null, text);
  region.append(note);
  setTimeout(() => note.remove(), 5000);
}

/* Gives a text to the clipboard. */
export function copyButton(text) {
  return button(t('copy'), async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast(t('copied'));
    } catch {
      toast(t('copy_failed'));
    }
  }, { kind: 'small' });
}
