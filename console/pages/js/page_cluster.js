/* The cluster at a glance: who is there, what flows, how full the disks are. */

import { command, may } from './api.js';
import { diskOf, forecast } from './broker_data.js';
import { h, replace, update } from './dom.js';
import { bytes, day, number, percent, rate, time } from './format.js';
import { lastCluster, onCluster } from './live.js';
import { clusterMap } from './map.js';
import { badge, figure, figures, heading, link, loading, section } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';
import { sparklines } from './trend.js';

function sum(rows, field) {
  return rows.reduce((total, row) => total + (Number(row[field]) || 0), 0);
}

function nameServersOf(document, settings) {
  if (document.nameServers) {
    return document.nameServers.map(server => (typeof server === 'string' ? { address: server, up: true } : { up: server.up ?? server.reachable ?? true, ...server }));
  }
  return Object.keys(settings).map(address => ({ address, up: true }));
}

function forecastText(when) {
  if (when.state === 'full') return t('disk_full_on', day(when.at));
  if (when.state === 'kept') return t('disk_kept', number(when.hours));
  return t(when.state === 'still' ? 'disk_still' : 'disk_unknown');
}

/* A bar of how full something is; a meter that all themes draw alike. */
export function gauge(ratio, label) {
  const share = Math.max(0, Math.min(1, Number(ratio) || 0));
  const kind = share > 0.9 ? 'bad' : share > 0.75 ? 'warn' : '';
  return h('meter', { class: `gauge ${kind}`, min: 0, max: 1, value: share, 'aria-label': label });
}

/* Since when it is master or slave, and after a take-over whose place it took. */
function roleText(row) {
  const why = row.roleCause && row.roleCause !== 'configured' ? t(`role_${row.roleCause}`, row.rolePeer || '?') : '';
  return why ? [time(row.roleSince), ' ', why] : time(row.roleSince);
}

function brokerTable(state, signal) {
  const sparks = sparklines(null, 'in', signal, () => list.redraw());
  const list = table({
    label: t('brokers'),
    rows: state.brokers,
    key: row => `${row.brokerName}/${row.brokerId}`,
    sort: 0,
    columns: [
      { name: t('broker'), value: row => row.brokerName, cell: row => [link(row.brokerName, `#/brokers/${encodeURIComponent(row.brokerName)}`), Number(row.brokerId) === 0 ? null : [' ', badge(t('slave'))]] },
      { name: t('address'), value: row => row.address },
      { name: t('version'), value: row => row.version },
      { name: t('in_s'), value: row => Number(row.inTps), cell: row => rate(row.inTps), number: true },
      { name: t('out_s'), value: row => Number(row.outTps), cell: row => rate(row.outTps), number: true },
      { name: t('today_in_out'), value: row => state.today(row).inToday, cell: row => `${number(state.today(row).inToday)} / ${number(state.today(row).outToday)}`, number: true },
      state.hasMemory && { name: t('memory'), value: row => state.memory(row), cell: row => bytes(state.memory(row)), number: true },
      { name: t('disk'), value: row => state.disk(row).ratio, cell: row => h('span', { class: 'disk' }, gauge(state.disk(row).ratio, t('disk')), percent(state.disk(row).ratio)), number: true },
      state.brokers.some(row => row.copy) && { name: t('copies'), value: row => row.copy, cell: row => row.copy ? badge(row.copy, row.inSync === 'false' ? 'warn' : '') : '' },
      state.brokers.some(row => row.copy) && { name: t('epoch'), value: row => Number(row.epoch), cell: row => number(row.epoch || null), number: true },
      state.brokers.some(row => row.copy) && { name: t('role_since'), value: row => Number(row.roleSince), cell: row => roleText(row) },
      { name: t('forecast'), value: row => forecastText(state.forecast(row)), wide: true },
      sparks.there && { name: t('last_day'), cell: row => sparks.cell(row.brokerName), picture: true },
    ].filter(Boolean),
    onShown: rows => sparks.want(rows.map(row => row.brokerName)),
  });
  return list;
}

function totals(state) {
  const { brokers } = state;
  const more = brokers.map(state.today);
  const messages = Object.values(state.status);
  return [
    figure(t('brokers'), number(brokers.length)),
    figure(t('in_s'), rate(sum(brokers, 'inTps'))),
    figure(t('out_s'), rate(sum(brokers, 'outTps'))),
    figure(t('in_today'), number(sum(more, 'inToday')), { note: t('yesterday_n', number(sum(more, 'inYesterday'))) }),
    figure(t('out_today'), number(sum(more, 'outToday')), { note: t('yesterday_n', number(sum(more, 'outYesterday'))) }),
    messages.length ? figure(t('connections'), number(sum(messages, 'connections'))) : null,
    messages.length ? figure(t('open_transactions'), number(sum(messages, 'transactionOpen')), { note: t('parked_n', number(sum(messages, 'transactionParked'))), kind: sum(messages, 'transactionParked') ? 'warn' : '' }) : null,
  ];
}

function optional(name, flags, signal) {
  return may(name) ? command(name, flags, signal).catch(error => {
    if (error.name === 'AbortError') throw error;
    return null;
  }) : Promise.resolve(null);
}

export async function show({ here, signal }) {
  const rest = Promise.all([
    optional('clusterList', { moreStats: true }, signal),
    optional('brokerStatus', {}, signal),
    optional('getBrokerConfig', {}, signal),
    optional('getNamesrvConfig', {}, signal),
  ]);
  const document = lastCluster() || await command('clusterList', {}, signal);
  const state = {
    document, brokers: document.brokers, more: [], status: {}, settings: {}, servers: {}, hasMemory: false,
    today: row => (row.inToday !== undefined ? row : state.more.find(m => m.brokerName === row.brokerName && String(m.brokerId) === String(row.brokerId)) || {}),
    memory: row => Number(row.memory || (state.status[row.address] || {}).processMemory),
    disk: row => (state.status[row.address] ? diskOf(state.status[row.address], Date.now()) : { ratio: parseFloat(row.space) / 100, perDay: null }),
    forecast: row => (row.diskTotal > 0 ? { state: row.diskFullAt > 0 ? 'full' : 'still', at: row.diskFullAt } : forecast(state.disk(row), state.settings[row.address] || {}, Date.now())),
  };
  const name = () => (state.brokers[0] ? state.brokers[0].cluster : t('page_cluster'));
  const numbers = figures();
  const map = h('div', { class: 'mapbox' });
  const list = h('div', null, loading());
  let rows = null;

  function drawMap() {
    const width = Math.floor(map.clientWidth);
    if (width > 0) update(map, clusterMap(nameServersOf(state.document, state.servers), state.brokers, width));
  }
  function draw() {
    update(numbers, totals(state));
    drawMap();
    if (rows) rows.update(state.brokers);
  }

  replace(here, heading(name()), numbers, section(t('map'), map), section(t('brokers'), list));
  draw();
  const resized = new ResizeObserver(drawMap);
  resized.observe(map);
  signal.addEventListener('abort', () => resized.disconnect());
  onCluster(news => {
    state.document = news;
    state.brokers = news.brokers || state.brokers;
    draw();
  }, signal);

  const [more, status, settings, servers] = await rest;
  if (signal.aborted) return;
  state.more = more ? more.brokers : [];
  state.status = status || {};
  state.settings = settings || {};
  state.servers = servers || {};
  state.hasMemory = state.brokers.some(row => state.memory(row) > 0);
  rows = brokerTable(state, signal);
  replace(list, rows.element);
  draw();
}
