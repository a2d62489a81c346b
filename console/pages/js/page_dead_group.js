/* The dead letters of one group, and giving them another chance. */

import { command, may } from './api.js';
import { formDialog, showDialog } from './dialog.js';
import { h, replace } from './dom.js';
import { bytes, number, time } from './format.js';
import { DEAD, groupLink, messageLink } from './names.js';
import { bodyPreview } from './page_messages.js';
import { button, empty, fillFrom, heading, link, trail } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';

function deadTable(rows, topic) {
  return table({
    label: t('page_dead'),
    rows,
    key: row => row.offsetId,
    search: row => [row.uniqueId, row.keys, row.tags, row.body, row.properties.RETRY_TOPIC].join(' '),
    none: t('no_dead_here'),
    columns: [
      { name: t('message_id'), value: row => row.uniqueId || row.offsetId, cell: row => link(row.uniqueId || row.offsetId, messageLink(row.offsetId, topic), 'id'), wide: true },
      { name: t('dead_since'), value: row => row.storeTimestamp, cell: row => time(row.storeTimestamp) },
      { name: t('topic'), value: row => row.properties.RETRY_TOPIC || row.properties.DLQ_ORIGIN_TOPIC || '', wide: true },
      { name: t('attempts'), value: row => row.reconsumeTimes, cell: row => number(row.reconsumeTimes), number: true },
      { name: t('keys'), value: row => row.keys || '' },
      { name: t('size'), value: row => row.bodyLength, cell: row => bytes(row.bodyLength), number: true },
      { name: t('body'), value: row => row.body || '', cell: row => h('span', { class: 'clip' }, bodyPreview(row)), wide: true },
    ],
  }).element;
}

/* What happened to each: where its copy is now, or why there is none. */
function replayTable(rows) {
  return table({
    label: t('page_dead'),
    rows,
    key: row => `${row.brokerName}/${row.offset}`,
    columns: [
      { name: t('message_id'), value: row => row.msgId, wide: true },
      { name: t('state'), value: row => row.result, wide: true },
      { name: t('message'), value: row => row.replayedId || '', cell: row => (row.replayedId ? link(row.replayedId, messageLink(row.replayedId, row.topic), 'id') : '–'), wide: true },
    ],
  }).element;
}

function replayDialog(group) {
  formDialog({
    title: t('replay_of', group),
    text: t('replay_text'),
    submit: t('replay'),
    fields: [
      { name: 'msgKey', label: t('replay_key') },
      { name: 'tags', label: t('replay_tag') },
      { name: 'maxNum', label: t('replay_max'), type: 'number', min: 1, value: 100, required: true },
      { name: 'rate', label: t('replay_rate'), type: 'number', min: 1, value: 100, required: true },
    ],
    work: values => command('deadLetterReplay', { group, ...values }),
    done: document => showDialog(t('replayed', number(document.replayed)), replayTable(document.deadLetters)),
  });
}

export async function show({ here, params, signal }) {
  const topic = DEAD + params.name;
  const results = h('div', { class: 'page' });
  replace(here, trail([t('page_dead'), '#/dead'], [params.name]), heading(params.name,
    may('deadLetterReplay') && button(t('replay'), () => replayDialog(params.name)),
    link(t('group'), groupLink(params.name), 'button')), results);
  const { topics } = await command('topicList', {}, signal);
  if (!topics.includes(topic)) {
    replace(results, empty(t('no_dead_here')));
    return;
  }
  async function search(limit) {
    await fillFrom(results, () => command('consumeMessage', { topic, MessageNumber: limit }, signal), document => [deadTable(document.messages, topic),
      document.messages.length >= limit ? h('div', { class: 'buttons' }, button(t('more'), () => search(limit * 10))) : null]);
  }
  await search(100);
}
