/* The last 24 hours: of brokers, of one topic, of one group; and the alarms. */

import { command, may } from './api.js';
import { field } from './dialog.js';
import { h, replace } from './dom.js';
import { number, time } from './format.js';
import { badge, button, fillFrom, heading, section } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';
import { showTrend } from './trend.js';

function alarmTable(alarms) {
  return table({
    label: t('alarms'),
    rows: alarms,
    key: row => `${row.broker}/${row.kind}/${row.subject}/${row.since}`,
    none: t('no_alarms'),
    columns: [
      { name: t('broker'), value: row => row.broker },
      { name: t('kind'), value: row => row.kind, cell: row => badge(row.kind, row.until ? '' : 'bad') },
      { name: t('subject'), value: row => row.subject, wide: true },
      { name: t('value'), value: row => row.value, cell: row => `${number(row.value)} ${row.unit || ''}`, number: true },
      { name: t('threshold'), value: row => row.threshold, cell: row => number(row.threshold), number: true },
      { name: t('since'), value: row => row.since, cell: row => time(row.since) },
      { name: t('until'), value: row => row.until || 0, cell: row => time(row.until) },
    ],
  }).element;
}

export async function show({ here, query, signal }) {
  const results = h('div', { class: 'page' });
  const alarms = h('div');
  const names = h('datalist', { id: 'topic-names' });
  const inputs = {
    topic: field({ name: 'topic', label: t('topic'), list: 'topic-names', value: query.get('topic') }),
    group: field({ name: 'group', label: t('group'), value: query.get('group') }),
  };
  const search = () => showTrend(results, { topic: inputs.topic.input.value.trim(), group: inputs.group.input.value.trim() }, signal);
  replace(here, heading(t('page_trends')),
    may('alarmList') ? section(t('alarms'), alarms) : null,
    h('form', {
      class: 'search card',
      onsubmit: event => {
        event.preventDefault();
        replace(results);
        search();
      },
    }, h('p', null, t('trend_text')), h('div', { class: 'inputs' }, inputs.topic.element, inputs.group.element), h('div', { class: 'buttons' }, button(t('search'), null, { kind: 'primary', type: 'submit' }))),
    names, results);
  command('topicList', {}, signal).then(({ topics }) => replace(names, topics.slice(0, 2000).map(name => h('option', { value: name }))), () => {});
  await Promise.all([search(), may('alarmList') && fillFrom(alarms, () => command('alarmList', { ended: true }, signal), document => alarmTable(document.alarms))]);
}
