/* Groups that have dead letters. */

import { command, may, sql } from './api.js';
import { replace } from './dom.js';
import { number, time } from './format.js';
import { DEAD, groupLink } from './names.js';
import { heading, link } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';

async function counted(signal) {
  const rows = await sql(`SELECT topic, sum(maxOffset - minOffset) AS messages, max(lastTimestamp) AS last FROM queues WHERE topic GLOB '${DEAD}*' GROUP BY topic`, signal);
  const groups = new Map();
  for (const row of rows) {
    const one = groups.get(row.topic) || { messages: 0, last: 0 };
    groups.set(row.topic, { messages: one.messages + row.messages, last: Math.max(one.last, row.last || 0) });
  }
  return groups;
}

export async function show({ here, signal }) {
  const { topics } = await command('topicList', {}, signal);
  const details = may('sql') ? await counted(signal) : new Map();
  const rows = topics.filter(name => name.startsWith(DEAD)).map(name => ({ group: name.slice(DEAD.length), messages: undefined, last: 0, ...details.get(name) }));
  replace(here, heading(t('page_dead')), table({
    label: t('page_dead'),
    rows,
    key: row => row.group,
    search: row => row.group,
    sort: 1,
    descending: true,
    none: t('no_dead'),
    columns: [
      { name: t('group'), value: row => row.group, cell: row => link(row.group, `#/dead/${encodeURIComponent(row.group)}`), wide: true },
      { name: t('page_dead'), value: row => row.messages ?? -1, cell: row => number(row.messages), number: true },
      { name: t('last_message'), value: row => row.last, cell: row => time(row.last), number: true },
      { cell: row => link(t('group'), groupLink(row.group)) },
    ],
  }).element);
}
