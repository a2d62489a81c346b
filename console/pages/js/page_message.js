/* One message: its place, its properties, its body, and what became of it. */

import { command, may, session } from './api.js';
import { bodyView } from './body.js';
import { formDialog } from './dialog.js';
import { h, replace } from './dom.js';
import { bytes, number, time } from './format.js';
import { groupLink, topicLink } from './names.js';
import { badge, button, empty, facts, fillFrom, heading, link, section, toast, trail } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';

const DONE = new Set(['CONSUMED', 'ACKED', 'ACKNOWLEDGED', 'CONSUMED_BUT_FILTERED']);

function resendDialog(message, group) {
  const members = h('div');
  const dialog = formDialog({
    title: t('resend_to', group),
    text: t('resend_text'),
    submit: t('resend'),
    fields: [{ name: 'clientId', label: t('client'), type: 'select', options: [['', t('loading')]], required: true }, members],
    work: values => command('queryMsgById', { msgId: message.offsetId, topic: message.topic, consumerGroup: group, clientId: values.clientId }),
    done: document => toast(t('resent', resultOf(document))),
  });
  command('consumerStatus', { consumerGroup: group }).then(status => {
    const ids = [...new Set(status.connections.map(row => row.clientId))];
    replace(dialog.inputs.clientId, ids.map(id => h('option', { value: id }, id)));
  }, error => replace(members, h('p', { class: 'problem', role: 'alert' }, error.message)));
}

function resultOf(document) {
  const result = document.messages && document.messages[0];
  return result && result.consumeResult ? [result.consumeResult, result.remark].filter(Boolean).join(', ') : t('done');
}

function groupTable(message, groups) {
  return table({
    label: t('consumers'),
    rows: groups,
    key: row => row.group,
    none: t('no_consumers'),
    columns: [
      { name: t('group'), value: row => row.group, cell: row => link(row.group, groupLink(row.group)), wide: true },
      { name: t('state'), value: row => row.state, cell: row => badge(row.state, DONE.has(row.state) ? 'ok' : row.state === 'DEAD' ? 'bad' : 'warn') },
      { name: t('members'), value: row => row.members, cell: row => number(row.members), number: true },
      groups.some(row => row.note) && { name: t('note'), value: row => row.note || '', wide: true },
      session().role !== 'reader' && { cell: row => button(t('resend'), () => resendDialog(message, row.group), { kind: 'small', label: t('resend_of', row.group) }) },
    ].filter(Boolean),
  }).element;
}

function eventList(events) {
  return h('ol', { class: 'events' }, events.map(event => h('li', null,
    h('time', null, time(event.time, true)), h('strong', null, eventName(event.what)),
    h('span', null, [event.group, event.client || event.address, event.reconsumeTimes ? t('attempt', number(event.reconsumeTimes)) : ''].filter(Boolean).join(' · ')))));
}

function eventName(what) {
  const known = { stored: 'event_stored', delivered: 'event_delivered', acknowledged: 'event_acknowledged', 'sent back': 'event_sent_back', dead: 'event_dead' }[what];
  return known ? t(known) : what;
}

async function trace(message, signal) {
  if (!may('queryMsgTraceById')) return { groups: tracks(message), events: [] };
  try {
    const document = await command('queryMsgTraceById', { msgId: message.offsetId, topic: message.topic }, signal);
    const broker = document.broker || { groups: [], events: [] };
    return { groups: broker.groups.length ? broker.groups : tracks(message), events: broker.events };
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    return { groups: tracks(message), events: [] };
  }
}

function tracks(message) {
  return (message.tracks || []).map(track => ({ group: track.consumerGroup, state: track.trackType, members: undefined, note: track.exceptionDesc }));
}

export async function show({ here, params, query, signal }) {
  const topic = query.get('topic') || undefined;
  const document = await command('queryMsgById', { msgId: params.id, topic }, signal);
  const message = document.messages[0];
  const steps = trail([t('page_messages'), topic ? `#/messages?topic=${encodeURIComponent(topic)}` : '#/messages'], [params.id]);
  if (!message) {
    replace(here, steps, heading(t('message')), empty(t('no_message', params.id)));
    return;
  }
  const became = h('div');
  replace(here, steps, heading(t('message')),
    section(t('body'), bodyView(message)),
    h('div', { class: 'columns' },
      section(t('place'), facts([
        [t('topic'), link(message.topic, topicLink(message.topic))],
        [t('queue'), `${message.storeHost} · ${number(message.queueId)}`],
        [t('offset'), number(message.queueOffset)],
        [t('unique_id'), message.uniqueId],
        [t('offset_id'), message.offsetId],
        [t('stored'), time(message.storeTimestamp, true)],
        [t('born'), time(message.bornTimestamp, true)],
        [t('born_host'), message.bornHost],
        [t('size'), bytes(message.bodyLength)],
        [t('attempts'), number(message.reconsumeTimes)],
      ])),
      section(t('properties'), facts(Object.entries(message.properties || {})))),
    section(t('what_became'), became));
  await fillFrom(became, () => trace(message, signal), ({ groups, events }) => [groupTable(message, groups), events.length ? eventList(events) : null]);
}
