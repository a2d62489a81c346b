/*
 * A list of rows: sorted by its columns, filtered while one types, a hundred rows a page, so that ten
 * thousand rows cost what a hundred cost. On a narrow screen each row is a card.
 *
 *   columns: [{ name, value: row => text or number, cell: row => node or text, number: true, wide: true }];
 *            without a value the list is not sorted by it, without a name it has buttons
 *   key:     row => text, unique
 *   search:  row => text in which the filter looks; without it there is no filter
 */

import { h, replace, update } from './dom.js';
import { number } from './format.js';
import { t } from './strings.js';

const PAGE = 100;
const collator = new Intl.Collator(undefined, { numeric: true }); // twenty times as fast as localeCompare

function compare(a, b) {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return collator.compare(String(a ?? ''), String(b ?? ''));
}

export function table({ label, columns, rows = [], key, search, sort = null, descending = false, none, tools = [], onShown }) {
  let all = rows;
  let page = 0;
  let order = { column: sort, descending };
  let needle = '';
  let prepared = null; // all rows in order, with their text

  const body = h('tbody', { role: 'rowgroup' });
  const heads = columns.map((column, i) => {
    if (!column.value) return h('th', { role: 'columnheader', scope: 'col', class: column.name ? null : 'buttons' }, column.name || h('span', { class: 'unseen' }, t('actions')));
    return h('th', { role: 'columnheader', scope: 'col', class: column.number ? 'number' : null },
      h('button', { type: 'button', class: 'sort', onclick: () => sortBy(i) }, column.name));
  });
  const element = h('table', { role: 'table', 'aria-label': label },
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, heads)), body);
  const count = h('span', { class: 'count', role: 'status' });
  const before = h('button', { type: 'button', class: 'button small', onclick: () => turn(-1) }, t('before'));
  const after = h('button', { type: 'button', class: 'button small', onclick: () => turn(1) }, t('after'));
  const pager = h('div', { class: 'pager' }, before, after);
  const nothing = h('p', { class: 'empty', hidden: true });
  const filter = search && h('input', {
    type: 'search', class: 'filter', placeholder: t('filter'), 'aria-label': t('filter_of', label), autocomplete: 'off', spellcheck: 'false',
    oninput: () => {
      needle = filter.value.trim().toLowerCase();
      page = 0;
      draw();
    },
  });
  const hasTools = search || [tools].flat().length > 0;
  const whole = h('div', { class: 'list' }, hasTools ? h('div', { class: 'tools' }, filter, tools, count) : null, h('div', { class: 'scroll' }, element), nothing, pager);

  const room = columns.length > 6 ? 56 : 38; // rem
  new ResizeObserver(([{ contentRect }]) => {
    whole.classList.toggle('cards', contentRect.width <= room * parseFloat(getComputedStyle(document.documentElement).fontSize));
  }).observe(whole);

  function sortBy(i) {
    order = { column: i, descending: order.column === i ? !order.descending : Boolean(columns[i].number) };
    prepared = null;
    page = 0;
    draw();
  }

  function turn(step) {
    page += step;
    draw();
    element.scrollIntoView({ block: 'start' });
  }

  function prepare() {
    if (prepared) return prepared;
    const list = all.map(row => ({ row, text: search ? search(row).toLowerCase() : '' }));
    if (order.column !== null) {
      const { value } = columns[order.column];
      const sign = order.descending ? -1 : 1;
      for (const item of list) item.sort = value(item.row);
      list.sort((a, b) => sign * compare(a.sort, b.sort));
    }
    prepared = list;
    return list;
  }

  function drawRow(row) {
    return h('tr', { role: 'row', 'data-key': key(row) }, columns.map(column => {
      const content = column.cell ? column.cell(row) : column.value(row);
      return h('td', { role: 'cell', 'data-label': column.name || null, class: [column.number ? 'number' : '', column.wide ? 'wide' : '', column.name ? '' : 'buttons'].join(' ').trim() || null },
        content ?? '–');
    }));
  }

  /* Rows that are there already keep their nodes. */
  function drawRows(shown) {
    const old = new Map([...body.children].map(tr => [tr.dataset.key, tr]));
    const wanted = shown.map(row => {
      const fresh = drawRow(row);
      const had = old.get(fresh.dataset.key);
      if (!had) return fresh;
      [...fresh.children].forEach((cell, i) => {
        if (!had.children[i].isEqualNode(cell)) update(had.children[i], ...cell.childNodes);
      });
      return had;
    });
    if (wanted.length !== body.children.length || wanted.some((tr, i) => tr !== body.children[i])) replace(body, wanted);
  }

  function draw() {
    const list = prepare();
    const found = needle ? list.filter(item => item.text.includes(needle)) : list;
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    const shown = found.slice(page * PAGE, (page + 1) * PAGE).map(item => item.row);
    drawRows(shown);
    heads.forEach((head, i) => {
      if (order.column === i) head.setAttribute('aria-sort', order.descending ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    });
    element.hidden = shown.length === 0;
    nothing.hidden = shown.length > 0;
    nothing.textContent = all.length === 0 ? none || t('nothing') : t('nothing_found');
    count.hidden = !search;
    count.textContent = found.length > PAGE
      ? t('range', number(page * PAGE + 1), number(page * PAGE + shown.length), number(found.length))
      : t('n_rows', number(found.length));
    pager.hidden = pages === 1;
    before.disabled = page === 0;
    after.disabled = page === pages - 1;
    if (onShown) onShown(shown);
  }

  draw();
  return {
    element: whole,
    /* New rows; the order, the filter and the page stay. */
    update(list) {
      all = list;
      prepared = null;
      draw();
    },
    /* Values of the same rows have changed. */
    redraw() {
      if (order.column !== null) prepared = null;
      drawRows([...prepare()].filter(item => !needle || item.text.includes(needle)).slice(page * PAGE, (page + 1) * PAGE).map(item => item.row));
    },
  };
}
