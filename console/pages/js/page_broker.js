/* One broker: its counters, and its settings with where each comes from. */

import { command, hasFlag, may } from './api.js';
import { checked, formDialog } from './dialog.js';
import { h, replace } from './dom.js';
import { bytes, number, time } from './format.js';
import { badge, button, code, empty, facts, fillFrom, heading, section, tabs, toast, trail } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';

/* Where a value is from: a line of a file, the command line, a change at run time, or nowhere. */
function originText(setting, file) {
  if (setting.changedAt) return t('changed_by', time(setting.changedAt), setting.changedBy || '');
  if (setting.origin === 'file' && file) return setting.line ? `${file}:${setting.line}` : file;
  return { default: t('origin_default'), argument: t('origin_argument') }[setting.origin] || setting.origin;
}

function settingRows(daemon) {
  return daemon.settings.map(setting => ({ name: setting.name, value: setting.value, origin: originText(setting, daemon.file) }));
}

/* From a broker that does not tell origins: values only. */
async function readSettings(address, signal) {
  if (hasFlag('getBrokerConfig', 'origins')) {
    try {
      const { daemons } = await command('getBrokerConfig', { brokerAddr: address, origins: true }, signal);
      if (daemons[0]) return settingRows(daemons[0]);
    } catch (error) {
      if (error.name === 'AbortError') throw error;
    }
  }
  const document = await command('getBrokerConfig', { brokerAddr: address }, signal);
  return Object.entries(document[address] || {}).map(([name, value]) => ({ name, value, origin: '' }));
}

function settingsTable(view, address, rows) {
  const withOrigin = rows.some(row => row.origin);
  return table({
    label: t('settings'),
    rows,
    key: row => row.name,
    search: row => `${row.name} ${row.value}`,
    sort: 0,
    columns: [
      { name: t('setting'), value: row => row.name, cell: row => code(row.name) },
      { name: t('value'), value: row => row.value, wide: true },
      withOrigin && { name: t('origin'), value: row => row.origin, wide: true },
      may('updateBrokerConfig') && { cell: row => button(t('change'), () => change(view, address, row), { kind: 'small', label: t('change_of', row.name) }) },
    ].filter(Boolean),
  }).element;
}

function change(view, address, row) {
  formDialog({
    title: t('change_of', row.name),
    submit: t('change'),
    fields: [{ name: 'value', label: row.name, value: row.value, keep: true }],
    work: async values => checked(await command('updateBrokerConfig', { brokerAddr: address, key: row.name, value: values.value })),
    done: () => {
      toast(t('changed', row.name));
      view.again();
    },
  });
}

function drain(view, name, wipe) {
  formDialog({
    title: t(wipe ? 'wipe_write' : 'add_write'),
    text: t(wipe ? 'wipe_write_text' : 'add_write_text', name),
    submit: t(wipe ? 'wipe_write' : 'add_write'),
    danger: wipe,
    confirm: wipe ? name : undefined,
    work: async () => checked(await command(wipe ? 'wipeWritePerm' : 'addWritePerm', { brokerName: name })),
    done: () => toast(t('done')),
  });
}

function counters(status) {
  return table({
    label: t('counters'),
    rows: Object.entries(status).map(([name, value]) => ({ name, value })),
    key: row => row.name,
    search: row => row.name,
    sort: 0,
    columns: [
      { name: t('counter'), value: row => row.name, cell: row => code(row.name) },
      { name: t('value'), value: row => (/^-?\d+$/.test(row.value) ? Number(row.value) : row.value), cell: row => (/^\d{1,11}$/.test(row.value) ? number(row.value) : row.value), wide: true },
    ],
  }).element;
}

export async function show(view) {
  const { here, params, signal } = view;
  const { brokers } = await command('clusterList', {}, signal);
  const broker = brokers.find(row => row.brokerName === params.name);
  const steps = trail([t('page_cluster'), '#/cluster'], [params.name]);
  if (!broker) {
    replace(here, steps, heading(params.name), empty(t('no_broker', params.name)));
    return;
  }
  const status = (await command('brokerStatus', { brokerAddr: broker.address }, signal))[broker.address] || {};
  const settings = h('div');
  replace(here, steps, heading(params.name,
    may('wipeWritePerm') && button(t('wipe_write'), () => drain(view, params.name, true), { kind: 'danger' }),
    may('addWritePerm') && button(t('add_write'), () => drain(view, params.name, false))),
  section(t('overview'), facts([
    [t('address'), broker.address],
    [t('role'), badge(t(Number(broker.brokerId) === 0 ? 'master' : 'slave'))],
    [t('version'), broker.version],
    [t('started'), time(status.bootTimestamp)],
    [t('topics'), number(status.topics)],
    [t('groups'), number(status.groups)],
    [t('connections'), number(status.connections)],
    [t('stored'), bytes(Number(status.commitLogMaxOffset) - Number(status.commitLogMinOffset))],
    [t('oldest_message'), time(status.earliestMessageTimeStamp)],
  ])),
  tabs(t('broker'), [
    [t('settings'), () => settings],
    [t('counters'), () => counters(status)],
  ]));
  await fillFrom(settings, () => readSettings(broker.address, signal), rows => settingsTable(view, broker.address, rows));
}
