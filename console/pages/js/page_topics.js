/* All topics, by kind; ten thousand of them, a hundred at a time. */

import { command, may, quoted, sql } from './api.js';
import { checked, formDialog } from './dialog.js';
import { replace } from './dom.js';
import { ago, number, time } from './format.js';
import { topicKind, topicLink } from './names.js';
import { badge, button, choice, heading, link, toast } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';
import { sparklines } from './trend.js';

const PERMS = () => [['6', t('perm_rw')], ['4', t('perm_r')], ['2', t('perm_w')]];

export function topicDialog({ topic, config = {}, done }) {
  const fields = [
    topic === undefined && { name: 'topic', label: t('topic'), required: true },
    { name: 'readQueueNums', label: t('read_queues'), type: 'number', min: 1, max: 65535, required: true, value: config.readQueueNums || 8 },
    { name: 'writeQueueNums', label: t('write_queues'), type: 'number', min: 1, max: 65535, required: true, value: config.writeQueueNums || 8 },
    { name: 'perm', label: t('permission'), type: 'select', options: PERMS(), value: String(config.perm || 6) },
    { name: 'order', label: t('ordered'), type: 'checkbox', value: config.order === 'true' },
    { name: 'attributes', label: t('attributes'), hint: t('attributes_hint') },
  ].filter(Boolean);
  formDialog({
    title: topic === undefined ? t('new_topic') : t('change_of', topic),
    submit: topic === undefined ? t('create') : t('change'),
    fields,
    work: async values => checked(await command('updateTopic', { topic, ...values })),
    done: (_, values) => {
      toast(topic === undefined ? t('created', values.topic) : t('changed', topic));
      done(values.topic);
    },
  });
}

/* What the queues of these topics hold, added up over the brokers. */
async function countMessages(topics, signal) {
  const rows = await sql(`SELECT topic, count(*) AS queues, sum(maxOffset - minOffset) AS messages, max(lastTimestamp) AS last
    FROM queues WHERE topic IN (${topics.map(quoted).join(',')}) GROUP BY topic`, signal);
  const found = new Map();
  for (const row of rows) {
    const one = found.get(row.topic) || { queues: 0, messages: 0, last: 0 };
    found.set(row.topic, { queues: one.queues + row.queues, messages: one.messages + row.messages, last: Math.max(one.last, row.last || 0) });
  }
  return found;
}

export async function show({ here, query, signal }) {
  const [{ topics }, { brokers }] = await Promise.all([command('topicList', {}, signal), command('clusterList', {}, signal)]);
  const own = new Set(brokers.flatMap(row => [row.cluster, row.brokerName]));
  const all = topics.map(name => ({ name, kind: topicKind(name, own) }));
  const details = new Map();
  let kind = query.get('kind') || 'normal';
  const of = chosen => (chosen === 'all' ? all : all.filter(row => row.kind === chosen));

  let asked = '';
  async function detail(rows) {
    const lacking = rows.map(row => row.name).filter(name => !details.has(name));
    const what = lacking.join('\n');
    if (!may('sql') || lacking.length === 0 || what === asked) return;
    asked = what;
    try {
      const found = await countMessages(lacking, signal);
      for (const name of lacking) details.set(name, found.get(name) || { queues: 0, messages: 0, last: 0 });
      list.redraw();
    } catch (error) {
      if (error.name !== 'AbortError') toast(error.message);
    }
  }
  const sparks = sparklines('topic', 'in', signal, () => list.redraw());
  let pending = 0;
  const list = table({
    label: t('page_topics'),
    rows: of(kind),
    key: row => row.name,
    search: row => row.name,
    sort: 0,
    none: t('no_topics'),
    tools: choice(t('kind'), ['normal', 'retry', 'dead', 'system', 'all'].map(key => [key, `${t(`kind_${key}`)} ${number(of(key).length)}`]), kind, chosen => {
      kind = chosen;
      list.update(of(kind));
    }),
    columns: [
      { name: t('topic'), value: row => row.name, cell: row => link(row.name, topicLink(row.name)), wide: true },
      { name: t('kind'), value: row => t(`kind_${row.kind}`), cell: row => badge(t(`kind_${row.kind}`), row.kind) },
      { name: t('queues'), value: row => (details.get(row.name) || {}).queues ?? -1, cell: row => number((details.get(row.name) || {}).queues), number: true },
      { name: t('messages'), value: row => (details.get(row.name) || {}).messages ?? -1, cell: row => number((details.get(row.name) || {}).messages), number: true },
      { name: t('last_message'), value: row => (details.get(row.name) || {}).last ?? -1, cell: row => lastSeen(details.get(row.name)), number: true },
      sparks.there && { name: t('last_day'), cell: row => sparks.cell(row.name), picture: true },
    ].filter(Boolean),
    onShown: rows => {
      // While one types, only what is left at the end is asked for.
      clearTimeout(pending);
      pending = setTimeout(() => {
        if (signal.aborted) return;
        detail(rows);
        sparks.want(rows.map(row => row.name));
      }, 150);
    },
  });
  replace(here, heading(t('page_topics'), may('updateTopic') && button(t('new_topic'), () => topicDialog({ done: name => { location.hash = topicLink(name); } }), { kind: 'primary' })), list.element);
}

function lastSeen(row) {
  if (!row || !row.last) return '–';
  return Date.now() - row.last < 86400000 ? ago(row.last) : time(row.last);
}
