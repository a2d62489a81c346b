/* A statement, and what each broker answers. */

import { command } from './api.js';
import { field } from './dialog.js';
import { h, replace } from './dom.js';
import { number } from './format.js';
import { badge, button, choice, fillFrom, heading, section } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';

const EXAMPLES = [
  ['sql_lag', 'SELECT groupName, topic, sum(maxOffset - offset) AS lag\nFROM offsets JOIN queues USING (topic, queueId)\nGROUP BY 1, 2 ORDER BY 3 DESC'],
  ['sql_key', "SELECT topic, queueId, queueOffset, keys, body\nFROM messages WHERE topic = 'orders' AND key = '17'"],
  ['sql_open', 'SELECT state, asked, keys, body\nFROM transactions JOIN messages USING (position)'],
  ['sql_full', 'SELECT topic, sum(maxOffset - minOffset) AS messages\nFROM queues GROUP BY topic ORDER BY 2 DESC LIMIT 20'],
  ['sql_clients', 'SELECT language, version, role, count(*) AS clients\nFROM clients GROUP BY 1, 2, 3'],
];

function resultTable(result) {
  return section(result.broker,
    h('p', { class: 'count' }, t('rows_in_ms', number(result.rows.length), number(result.elapsedMs)), result.truncated ? [' ', badge(t('truncated'), 'warn')] : null),
    table({
      label: result.broker,
      rows: result.rows.map((cells, i) => ({ cells, i })),
      key: row => row.i,
      search: row => row.cells.join(' '),
      columns: result.columns.map((name, i) => ({ name, value: row => row.cells[i], cell: row => (row.cells[i] === null ? h('span', { class: 'clip' }, 'NULL') : String(row.cells[i])), number: result.rows.some(row => typeof row[i] === 'number'), wide: true })),
    }).element);
}

export async function show({ here, query, signal }) {
  const text = field({ name: 'query', label: t('statement'), type: 'textarea', rows: 6, required: true, value: query.get('q') || EXAMPLES[0][1], hint: t('sql_hint') });
  const results = h('div', { class: 'page', 'aria-live': 'polite' });
  const run = () => fillFrom(results, () => command('sql', { query: text.input.value }, signal), document => document.results.map(resultTable));
  const form = h('form', {
    class: 'search card',
    onsubmit: event => {
      event.preventDefault();
      replace(results);
      run();
    },
  }, text.element, choice(t('examples'), EXAMPLES.map(([key]) => [key, t(key)]), query.get('q') ? '' : EXAMPLES[0][0], key => {
    text.input.value = EXAMPLES.find(([name]) => name === key)[1];
  }), h('div', { class: 'buttons' }, button(t('run'), null, { kind: 'primary', type: 'submit' })));
  text.input.addEventListener('keydown', event => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  replace(here, heading(t('page_sql')), form, results);
  if (query.get('q')) await run();
}
