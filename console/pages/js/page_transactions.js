/* Transactions by state, group, topic, key and age. */

import { command } from './api.js';
import { field } from './dialog.js';
import { h, replace } from './dom.js';
import { duration, number, time } from './format.js';
import { topicLink } from './names.js';
import { badge, button, choice, figure, figures, fillFrom, heading, link } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';

const STATES = ['all', 'open', 'parked', 'revocable', 'committed', 'rolledBack', 'contradiction'];
export const transactionLink = row => `#/transactions/${encodeURIComponent(row.msgId)}`;

function counts({ counts: of }) {
  return figures(
    figure(t('state_open'), number(of.open)),
    figure(t('state_parked'), number(of.parked), { kind: of.parked ? 'bad' : '' }),
    figure(t('state_committed'), number(of.committed)),
    figure(t('state_rolledBack'), number(of.rolledBack)),
    figure(t('asked'), number(of.asked), { note: t('unknown_answers_n', number(of.unknownAnswers)) }),
    figure(t('state_contradiction'), number(of.contradictions), { kind: of.contradictions ? 'warn' : '' }));
}

function transactionTable(document) {
  return table({
    label: t('page_transactions'),
    rows: document.transactions,
    key: row => `${row.brokerName}/${row.position}`,
    search: row => [row.transactionId, row.group, row.topic, row.keys].join(' '),
    none: t('no_transactions'),
    columns: [
      { name: t('transaction'), value: row => row.transactionId, cell: row => link(row.transactionId, transactionLink(row), 'id'), wide: true },
      { name: t('state'), value: row => row.state, cell: row => badge(t(`state_${row.state}`), row.state) },
      { name: t('producer_group'), value: row => row.group, wide: true },
      { name: t('topic'), value: row => row.topic, cell: row => link(row.topic, topicLink(row.topic)), wide: true },
      { name: t('keys'), value: row => row.keys || '' },
      { name: t('asked'), value: row => row.asked, cell: row => number(row.asked), number: true },
      { name: t('age'), value: row => row.ageMs, cell: row => duration(row.ageMs), number: true },
      { name: t('broker'), value: row => row.brokerName },
      { name: t('stored'), value: row => row.storeTimestamp, cell: row => time(row.storeTimestamp) },
    ],
  }).element;
}

export async function show({ here, query, signal }) {
  const results = h('div', { class: 'page', 'aria-live': 'polite' });
  const fields = [
    { name: 'group', label: t('producer_group'), value: query.get('group') },
    { name: 'topic', label: t('topic'), value: query.get('topic') },
    { name: 'key', label: t('key_or_id'), value: query.get('key') },
    { name: 'olderThan', label: t('older_than_s'), type: 'number', min: 0, value: query.get('olderThan') },
  ].map(spec => ({ spec, ...field(spec) }));
  let state = STATES.includes(query.get('state')) ? query.get('state') : 'all';
  async function search(limit = 100) {
    for (const { spec, input } of fields) {
      if (input.value.trim()) query.set(spec.name, input.value.trim());
      else query.delete(spec.name);
    }
    query.set('state', state);
    history.replaceState(null, '', `#/transactions?${query}`);
    await fillFrom(results, () => command('transactionList', { ...Object.fromEntries(query), limit }, signal), document => [
      counts(document), transactionTable(document), document.more ? h('div', { class: 'buttons' }, button(t('more'), () => search(limit * 10))) : null]);
  }
  replace(here, heading(t('page_transactions')),
    h('form', {
      class: 'search card',
      onsubmit: event => {
        event.preventDefault();
        search();
      },
    }, choice(t('state'), STATES.map(key => [key, t(`state_${key}`)]), state, chosen => {
      state = chosen;
      search();
    }), h('div', { class: 'inputs' }, fields.map(item => item.element)), h('div', { class: 'buttons' }, button(t('search'), null, { kind: 'primary', type: 'submit' }))),
    results);
  await search();
}
