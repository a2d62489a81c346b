/* Finding messages: by topic and time, queue and offset, key, or id. */

import { command, may, quoted, sql } from './api.js';
import { field } from './dialog.js';
import { h, replace } from './dom.js';
import { bytes, inputTime, time } from './format.js';
import { messageLink } from './names.js';
import { button, choice, fillFrom, heading, link } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';

const PAGE = 100;
const KEY_PAGE = 1024; // what a broker gives at most of one key
const ways = ['time', 'queue', 'key', 'id'];

export function bodyPreview(message) {
  const text = String(message.body ?? '');
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

const idOf = row => row.offsetId || row.msgId;

function messageTable(rows, topic) {
  return table({
    label: t('page_messages'),
    rows,
    key: idOf,
    search: row => [row.uniqueId, row.msgId, row.keys, row.tags, row.body].join(' '),
    none: t('no_messages'),
    columns: [
      { name: t('message_id'), value: row => row.uniqueId || row.msgId || row.offsetId, cell: row => link(row.uniqueId || row.msgId || row.offsetId, messageLink(row.offsetId || row.msgId, row.topic || topic), 'id'), wide: true },
      { name: t('stored'), value: row => row.storeTimestamp, cell: row => time(row.storeTimestamp, true) },
      { name: t('queue'), value: row => row.queueId, number: true },
      { name: t('offset'), value: row => row.queueOffset, number: true },
      rows.some(row => row.keys) && { name: t('keys'), value: row => row.keys || '' },
      rows.some(row => row.tags) && { name: t('tag'), value: row => row.tags || '' },
      rows.some(row => row.bodyLength !== undefined) && { name: t('size'), value: row => row.bodyLength, cell: row => bytes(row.bodyLength), number: true },
      rows.some(row => row.body !== undefined) && { name: t('body'), value: row => row.body || '', cell: row => h('span', { class: 'clip' }, bodyPreview(row)), wide: true },
    ].filter(Boolean),
  });
}

/* The newest messages with a key that are not newer than `after`. */
async function byKey({ topic, key }, after, signal) {
  if (!may('sql')) return command('queryMsgByKey', { topic, msgKey: key }, signal);
  const rows = await sql(`SELECT msgId AS offsetId, uniqueKey AS uniqueId, queueId, queueOffset, storeTime AS storeTimestamp, keys, tags, size
    FROM messages WHERE topic = ${quoted(topic)} AND key = ${quoted(key)} ${after === undefined ? '' : `AND storeTime <= ${after}`}
    ORDER BY storeTime DESC LIMIT ${KEY_PAGE}`, signal);
  return { messages: rows.map(row => ({ ...row, topic })) };
}

/*
 * The time at which the next page of a key ends. Only a broker that gave a whole page has more; what others,
 * or the same millisecond, give again is known already.
 */
function olderKeys({ messages }, after) {
  const times = new Map();
  for (const row of messages) {
    if (!times.has(row.broker)) times.set(row.broker, []);
    times.get(row.broker).push(row.storeTimestamp);
  }
  const oldest = [...times.values()].filter(list => list.length >= KEY_PAGE).map(list => Math.min(...list));
  if (oldest.length === 0) return undefined;
  const end = Math.max(...oldest);
  return end === after ? end - 1 : end;
}

/* The inputs of each way, how it asks for a page, and where the next one begins. */
const SEARCH = {
  time: {
    fields: query => [
      { name: 'topic', label: t('topic'), required: true, list: 'topic-names', value: query.get('topic') },
      { name: 'from', label: t('from'), type: 'datetime-local', step: 1, value: query.get('from') || inputTime(Date.now() - 86400000) },
      { name: 'to', label: t('to'), type: 'datetime-local', step: 1, value: query.get('to') },
    ],
    ask: (values, after, signal) => command('consumeMessage', {
      topic: values.topic, beginTimestamp: ms(values.from), endTimestamp: ms(values.to), MessageNumber: PAGE, order: 'newest', after,
    }, signal),
    next: document => document.next,
  },
  queue: {
    fields: query => [
      { name: 'topic', label: t('topic'), required: true, list: 'topic-names', value: query.get('topic') },
      { name: 'broker', label: t('broker'), required: true, value: query.get('broker') },
      { name: 'queue', label: t('queue'), type: 'number', min: 0, required: true, value: query.get('queue') },
      { name: 'offset', label: t('from_offset'), type: 'number', min: 0, value: query.get('offset') },
    ],
    ask: (values, after, signal) => command('consumeMessage', {
      topic: values.topic, brokerName: values.broker, queueId: values.queue, offset: after ?? values.offset, MessageNumber: PAGE,
    }, signal),
    next: ({ messages }) => (messages.length >= PAGE ? messages[messages.length - 1].queueOffset + 1 : undefined),
  },
  key: {
    fields: query => [
      { name: 'topic', label: t('topic'), required: true, list: 'topic-names', value: query.get('topic') },
      { name: 'key', label: t('key'), required: true, value: query.get('key') },
    ],
    ask: (values, after, signal) => byKey(values, after, signal),
    next: olderKeys,
  },
  id: {
    fields: query => [
      { name: 'id', label: t('any_id'), required: true, value: query.get('id'), hint: t('any_id_hint') },
      { name: 'topic', label: t('topic'), list: 'topic-names', value: query.get('topic'), hint: t('topic_shortens') },
    ],
  },
};

function ms(text) {
  return text ? new Date(text).getTime() : undefined;
}

export async function show({ here, query, signal }) {
  let way = ways.includes(query.get('by')) ? query.get('by') : query.get('key') ? 'key' : 'time';
  const form = h('form', { class: 'search card' });
  const results = h('div', { 'aria-live': 'polite' });
  const names = h('datalist', { id: 'topic-names' });
  let inputs = {};

  function drawForm() {
    const made = SEARCH[way].fields(query).map(spec => ({ spec, ...field(spec) }));
    inputs = Object.fromEntries(made.map(item => [item.spec.name, item.input]));
    replace(form, choice(t('search_by'), ways.map(key => [key, t(`by_${key}`)]), way, chosen => {
      keep();
      way = chosen;
      drawForm();
    }), h('div', { class: 'inputs' }, made.map(item => item.element)), h('div', { class: 'buttons' }, button(t('search'), null, { kind: 'primary', type: 'submit' })));
  }
  function keep() {
    for (const [name, input] of Object.entries(inputs)) {
      if (input.value.trim()) query.set(name, input.value.trim());
      else query.delete(name);
    }
    query.set('by', way);
  }
  async function search() {
    const values = Object.fromEntries(query);
    const { ask, next } = SEARCH[way];
    const rows = [];
    let list = null;
    const rest = h('div', { class: 'rest' });
    async function more(after) {
      await fillFrom(rest, () => ask(values, after, signal), document => {
        const known = new Set(rows.map(idOf));
        rows.push(...document.messages.filter(row => !known.has(idOf(row))));
        if (list) list.update(rows);
        const follows = next(document, after);
        return follows === undefined ? [] : h('div', { class: 'buttons' }, button(t('more'), () => {
          replace(rest);
          more(follows);
        }));
      });
    }
    replace(results, rest);
    await more(undefined);
    if (rest.querySelector('.problem')) return;
    list = messageTable(rows, values.topic);
    results.prepend(list.element);
  }
  form.addEventListener('submit', event => {
    event.preventDefault();
    keep();
    if (way === 'id') {
      location.hash = messageLink(query.get('id'), query.get('topic'));
      return;
    }
    history.replaceState(null, '', `#/messages?${query}`);
    replace(results);
    search();
  });
  drawForm();
  replace(here, heading(t('page_messages')), form, names, results);
  if (may('topicList')) {
    command('topicList', {}, signal).then(({ topics }) => replace(names, topics.slice(0, 2000).map(name => h('option', { value: name }))), () => {});
  }
  if (way !== 'id' && SEARCH[way].fields(query).every(spec => !spec.required || query.get(spec.name))) await search();
}
