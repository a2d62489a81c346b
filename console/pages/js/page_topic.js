/* One topic: its queues, where it is, who consumes it, what it is set to, and what can be done with it. */

import { command, may, quoted, sql } from './api.js';
import { checked, formDialog } from './dialog.js';
import { h, replace } from './dom.js';
import { number, time } from './format.js';
import { groupLink, messageLink } from './names.js';
import { topicDialog } from './page_topics.js';
import { resetDialog } from './reset.js';
import { badge, button, facts, fillFrom, figure, figures, heading, link, tabs, toast, trail } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';
import { showTrend } from './trend.js';

export function sendDialog(topic, brokers = []) {
  formDialog({
    title: t('send_to', topic),
    submit: t('send'),
    fields: [
      { name: 'body', label: t('body'), type: 'textarea', required: true, keep: true },
      { name: 'key', label: t('keys'), hint: t('keys_hint') },
      { name: 'tags', label: t('tag') },
      { name: 'broker', label: t('broker'), type: 'select', options: [['', t('any')], ...brokers.map(name => [name, name])], value: '' },
    ],
    work: values => command('sendMessage', { topic, ...values }),
    done: document => {
      const sent = document.sent[0];
      toast(t('sent', sent.brokerName, number(sent.queueId), number(sent.queueOffset)));
      location.hash = messageLink(sent.msgId, topic);
    },
  });
}

function deleteDialog(topic, cluster) {
  formDialog({
    title: t('delete_topic'),
    text: t('delete_topic_text', topic),
    submit: t('delete'),
    danger: true,
    confirm: topic,
    work: async () => checked(await command('deleteTopic', { topic, clusterName: cluster })),
    done: () => {
      toast(t('deleted', topic));
      location.hash = '#/topics';
    },
  });
}

function queueTable(queues, topic) {
  return table({
    label: t('queues'),
    rows: queues,
    key: row => `${row.brokerName}/${row.queueId}`,
    columns: [
      { name: t('broker'), value: row => row.brokerName },
      { name: t('queue'), value: row => row.queueId, number: true },
      { name: t('min_offset'), value: row => row.minOffset, cell: row => number(row.minOffset), number: true },
      { name: t('max_offset'), value: row => row.maxOffset, cell: row => number(row.maxOffset), number: true },
      { name: t('messages'), value: row => row.maxOffset - row.minOffset, cell: row => number(row.maxOffset - row.minOffset), number: true },
      { name: t('last_message'), value: row => row.lastUpdated, cell: row => time(row.lastUpdated), number: true },
      may('consumeMessage') && { cell: row => link(t('read'), `#/messages?by=queue&topic=${encodeURIComponent(topic)}&broker=${encodeURIComponent(row.brokerName)}&queue=${row.queueId}`) },
    ].filter(Boolean),
  }).element;
}

function routeTable(route) {
  return table({
    label: t('route'),
    rows: route.brokers,
    key: row => `${row.brokerName}/${row.brokerId}`,
    columns: [
      { name: t('broker'), value: row => row.brokerName, cell: row => link(row.brokerName, `#/brokers/${encodeURIComponent(row.brokerName)}`) },
      { name: t('address'), value: row => row.address },
      { name: t('read_queues'), value: row => queuesOf(route, row).readQueueNums, number: true },
      { name: t('write_queues'), value: row => queuesOf(route, row).writeQueueNums, number: true },
      { name: t('permission'), value: row => queuesOf(route, row).permText },
    ],
  }).element;
}

function queuesOf(route, broker) {
  return route.queues.find(row => row.brokerName === broker.brokerName) || {};
}

/* Groups with offsets on the topic or a subscription to it, and how far they are behind. */
async function consumersOf(topic, signal) {
  const name = quoted(topic);
  const rows = await sql(`SELECT groupName, sum(lag) AS lag, max(subscribed) AS subscribed FROM (
      SELECT groupName, sum(max(maxOffset - offset, 0)) AS lag, 0 AS subscribed FROM offsets JOIN queues USING (topic, queueId) WHERE topic = ${name} GROUP BY 1
      UNION ALL SELECT groupName, 0, 1 FROM subscriptions WHERE topic = ${name} GROUP BY 1) GROUP BY 1`, signal);
  const groups = new Map();
  for (const row of rows) {
    const one = groups.get(row.groupName) || { group: row.groupName, lag: 0, subscribed: 0 };
    groups.set(row.groupName, { group: row.groupName, lag: one.lag + row.lag, subscribed: Math.max(one.subscribed, row.subscribed) });
  }
  return [...groups.values()];
}

function consumerTable(groups, topic, again) {
  return table({
    label: t('consumers'),
    rows: groups,
    key: row => row.group,
    sort: 0,
    none: t('no_consumers'),
    columns: [
      { name: t('group'), value: row => row.group, cell: row => link(row.group, groupLink(row.group)), wide: true },
      { name: t('online'), value: row => row.subscribed, cell: row => badge(t(row.subscribed ? 'yes' : 'no'), row.subscribed ? 'ok' : '') },
      { name: t('lag'), value: row => row.lag, cell: row => number(row.lag), number: true },
      may('resetOffsetByTime') && { cell: row => button(t('reset'), () => resetDialog(row.group, [topic], again), { kind: 'small', label: t('reset_of', row.group) }) },
    ].filter(Boolean),
  }).element;
}

function configTable(document) {
  return document.brokers.map(({ brokerName, ...config }) => h('section', null, h('h3', null, brokerName), facts(Object.entries(config))));
}

export async function show(view) {
  const { here, params, signal, again } = view;
  const topic = params.name;
  const [status, route, config] = await Promise.all([
    command('topicStatus', { topic }, signal),
    command('topicRoute', { topic }, signal),
    may('getTopicConfig') ? command('getTopicConfig', { topic }, signal).catch(() => null) : null,
  ]);
  const cluster = route.brokers[0] ? route.brokers[0].cluster : '';
  const brokers = [...new Set(route.brokers.map(row => row.brokerName))];
  const messages = status.queues.reduce((total, row) => total + row.maxOffset - row.minOffset, 0);
  const last = Math.max(0, ...status.queues.map(row => row.lastUpdated));
  const consumers = h('div');
  replace(here, trail([t('page_topics'), '#/topics'], [topic]),
    heading(topic,
      may('consumeMessage') && link(t('read_messages'), `#/messages?topic=${encodeURIComponent(topic)}`, 'button'),
      may('sendMessage') && button(t('send'), () => sendDialog(topic, brokers)),
      may('updateTopic') && button(t('change'), () => topicDialog({ topic, config: config && config.brokers[0], done: again })),
      may('deleteTopic') && button(t('delete'), () => deleteDialog(topic, cluster), { kind: 'danger' })),
    figures(figure(t('messages'), number(messages)), figure(t('queues'), number(status.queues.length)), figure(t('brokers'), number(brokers.length)), figure(t('last_message'), time(last))),
    tabs(topic, [
      [t('queues'), () => queueTable(status.queues, topic)],
      may('sql') && [t('consumers'), () => {
        fillFrom(consumers, () => consumersOf(topic, signal), groups => consumerTable(groups, topic, again));
        return consumers;
      }],
      [t('route'), () => routeTable(route)],
      may('trend') && [t('page_trends'), () => {
        const charts = h('div', { class: 'page' });
        requestAnimationFrame(() => showTrend(charts, { topic }, signal));
        return charts;
      }],
      config && [t('settings'), () => configTable(config)],
    ].filter(Boolean)));
}
