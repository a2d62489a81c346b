/* The last 24 hours: of brokers, of one topic, of one group; and the alarms. */

import { command, may } from './api.js';
import { lineChart } from './chart.js';
import { field } from './dialog.js';
import { h, replace } from './dom.js';
import { bytes, number, percent, time } from './format.js';
import { badge, button, empty, fillFrom, heading, section } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';

const LINES = [
  { name: 'trend_messages', parts: [['in', 'trend_in'], ['out', 'trend_out']], format: number },
  { name: 'trend_bytes', parts: [['inBytes', 'trend_in'], ['outBytes', 'trend_out']], format: bytes },
  { name: 'trend_lag', parts: [['lag', 'lag']], format: number },
];

function charts(document, width) {
  return document.series.map(series => {
    const drawn = LINES.filter(line => line.parts.some(([part]) => series[part])).map(line => h('div', null, h('h3', null, t(line.name)), lineChart({
      label: `${series.name}, ${t(line.name)}`, begin: document.begin, step: document.step, width, format: line.format,
      series: line.parts.filter(([part]) => series[part]).map(([part, name]) => ({ name: t(name), values: series[part] })),
    })));
    if (series.diskUsed && series.diskTotal) {
      const share = series.diskUsed.map((used, i) => (used === null || !series.diskTotal[i] ? null : used / series.diskTotal[i]));
      drawn.push(h('div', null, h('h3', null, t('trend_disk')), lineChart({
        label: `${series.name}, ${t('trend_disk')}`, begin: document.begin, step: document.step, width, format: percent, series: [{ name: t('disk'), values: share }],
      })));
    }
    return section(series.name, drawn);
  });
}

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
  const search = () => fillFrom(results, () => command('trend', { topic: inputs.topic.input.value.trim(), group: inputs.group.input.value.trim() }, signal), document =>
    (document.series.length ? charts(document, Math.max(280, Math.floor(results.clientWidth - 42))) : empty(t('no_trend'))));
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
