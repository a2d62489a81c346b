/* One consumer group: how far it is behind in each queue, its members, what they subscribe to, its settings. */

import { command, may } from './api.js';
import { checked, formDialog } from './dialog.js';
import { h, replace } from './dom.js';
import { ago, number, rate } from './format.js';
import { groupDialog } from './group_dialog.js';
import { DEAD, RETRY, topicLink } from './names.js';
import { badge, button, facts, figure, figures, heading, link, section, tabs, toast, trail } from './parts.js';
import { resetDialog, skipDialog } from './reset.js';
import { t } from './strings.js';
import { table } from './table.js';
import { showTrend } from './trend.js';

function deleteDialog(group, cluster) {
  formDialog({
    title: t('delete_group'),
    text: t('delete_group_text', group),
    submit: t('delete'),
    danger: true,
    confirm: group,
    fields: [{ name: 'removeOffset', label: t('remove_offsets'), type: 'checkbox', value: false }],
    work: async values => checked(await command('deleteSubGroup', { groupName: group, clusterName: cluster, removeOffset: values.removeOffset })),
    done: () => {
      toast(t('deleted', group));
      location.hash = '#/groups';
    },
  });
}

function queueTable(queues) {
  return table({
    label: t('queues'),
    rows: queues,
    key: row => `${row.topic}/${row.brokerName}/${row.queueId}`,
    search: row => `${row.topic} ${row.brokerName} ${row.clientIP || ''}`,
    none: t('no_offsets'),
    columns: [
      { name: t('topic'), value: row => row.topic, cell: row => link(row.topic, topicLink(row.topic)), wide: true },
      { name: t('broker'), value: row => row.brokerName },
      { name: t('queue'), value: row => row.queueId, number: true },
      { name: t('broker_offset'), value: row => row.brokerOffset, cell: row => number(row.brokerOffset), number: true },
      { name: t('group_offset'), value: row => row.consumerOffset, cell: row => number(row.consumerOffset), number: true },
      { name: t('lag'), value: row => row.diff, cell: row => number(row.diff), number: true },
      { name: t('owner'), value: row => row.clientIP || '', cell: row => row.clientIP || badge(row.lastCommit ? t('unowned_since', ago(row.lastCommit)) : t('nobody'), 'warn') },
      { name: t('last_consumed'), value: row => row.lastTime, cell: row => ago(row.lastTime), number: true },
    ],
  }).element;
}

function memberTable(connections) {
  return table({
    label: t('members'),
    rows: connections,
    key: row => `${row.clientId}/${row.brokerName}`,
    search: row => `${row.clientId} ${row.clientAddr}`,
    none: t('no_members'),
    columns: [
      { name: t('client'), value: row => row.clientId, wide: true },
      { name: t('address'), value: row => row.clientAddr },
      { name: t('broker'), value: row => row.brokerName },
      { name: t('language'), value: row => row.language },
      { name: t('version'), value: row => row.version },
    ],
  }).element;
}

function subscriptionTable(status) {
  const rows = new Map();
  for (const one of status.subscriptions) {
    const name = `${one.topic}\n${one.expressionType}\n${one.expression}`;
    const had = rows.get(name) || { ...one, brokers: [] };
    had.brokers.push(one.brokerName);
    rows.set(name, had);
  }
  return [
    status.conflicts.length ? section(t('conflicts'), h('ul', { class: 'warnings' }, status.conflicts.map(conflict => h('li', null, conflictText(conflict))))) : null,
    table({
      label: t('subscriptions'),
      rows: [...rows.values()],
      key: row => `${row.topic} ${row.expression}`,
      none: t('no_members'),
      columns: [
        { name: t('topic'), value: row => row.topic, cell: row => link(row.topic, topicLink(row.topic)), wide: true },
        { name: t('kind'), value: row => row.expressionType },
        { name: t('expression'), value: row => row.expression, wide: true },
        { name: t('brokers'), value: row => row.brokers.join(', ') },
      ],
    }).element,
  ];
}

function conflictText(conflict) {
  return typeof conflict === 'string' ? conflict : Object.entries(conflict).map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}`).join(', ');
}

function optional(promise) {
  return promise.catch(error => {
    if (error.name === 'AbortError') throw error;
    return null;
  });
}

export async function show({ here, params, signal, again }) {
  const group = params.name;
  const [progress, status, config, { brokers }] = await Promise.all([
    optional(command('consumerProgress', { groupName: group, showClientIP: true }, signal)),
    optional(command('consumerStatus', { consumerGroup: group }, signal)),
    command('getConsumerConfig', { groupName: group }, signal),
    command('clusterList', {}, signal),
  ]);
  const queues = progress ? progress.queues : [];
  const members = new Set(status ? status.connections.map(row => row.clientId) : []);
  const topics = [...new Set([...queues.map(row => row.topic), ...(status ? status.subscriptions.map(row => row.topic) : [])])].filter(topic => !topic.startsWith(RETRY));
  const unowned = members.size ? queues.filter(row => !row.clientIP && !row.topic.startsWith(RETRY)) : [];
  replace(here, trail([t('page_groups'), '#/groups'], [group]),
    heading(group,
      topics.length > 0 && may('resetOffsetByTime') && button(t('reset'), () => resetDialog(group, topics, again)),
      topics.length > 0 && may('skipAccumulatedMessage') && button(t('skip_all'), () => skipDialog(group, topics, again)),
      may('updateSubGroup') && button(t('change'), () => groupDialog({ group, config: config.brokers[0], done: again })),
      may('deleteSubGroup') && button(t('delete'), () => deleteDialog(group, brokers[0].cluster), { kind: 'danger' })),
    figures(
      figure(t('lag'), number(progress ? progress.diffTotal : 0)),
      figure(t('consumed_s'), rate(progress ? progress.consumeTps : 0)),
      figure(t('members'), number(members.size), { kind: members.size ? '' : 'warn' }),
      status && figure(t('way'), status.consumeType === 'CONSUME_ACTIVELY' ? 'PULL' : 'PUSH', { note: status.messageModel }),
      unowned.length ? figure(t('unowned'), number(unowned.length), { kind: 'bad' }) : null,
      status && status.conflicts.length ? figure(t('conflicts'), number(status.conflicts.length), { kind: 'bad' }) : null),
    tabs(group, [
      [t('queues'), () => queueTable(queues)],
      [t('members'), () => memberTable(status ? status.connections : [])],
      [t('subscriptions'), () => subscriptionTable(status || { subscriptions: [], conflicts: [] })],
      may('trend') && [t('page_trends'), () => {
        const charts = h('div', { class: 'page' });
        requestAnimationFrame(() => showTrend(charts, { group }, signal));
        return charts;
      }],
      [t('settings'), () => config.brokers.map(({ brokerName, ...rest }) => h('section', null, h('h3', null, brokerName), facts(Object.entries(rest))))],
    ].filter(Boolean)),
    h('p', null, link(t('dead_of_group'), `#/dead/${encodeURIComponent(group)}`), ' · ', link(`${DEAD}${group}`, topicLink(`${DEAD}${group}`))));
}
