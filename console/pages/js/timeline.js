/* A transaction as a picture: the producers on the left, the broker on the right, time downwards. */

import { svg } from './dom.js';
import { duration, time } from './format.js';
import { t } from './strings.js';

const ROW = 52;
const TOP = 54;

const EVENTS = new Set(['stored', 'ask', 'commit', 'rollback', 'unknown', 'park', 'resume', 'override', 'contradiction', 'repeat']);

export function eventText(name) {
  return EVENTS.has(name) ? t(`tx_${name}`) : name;
}

/* Who an event came from, or went to. */
export function partner(event) {
  return [event.by || event.who, event.via === 'operator' ? t('via_operator') : ''].filter(Boolean).join(' · ');
}

/* The stored message and its events, in order. */
export function steps(transaction) {
  const stored = { time: transaction.storeTimestamp, event: 'stored', via: 'sender', who: transaction.bornHost };
  return [stored, ...transaction.events];
}

function cut(text, width, size) {
  const most = Math.max(4, Math.floor(width / size));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

export function timeline(transaction, width) {
  const list = steps(transaction);
  const narrow = width < 560;
  const left = narrow ? 16 : 190;
  const right = width - (narrow ? 16 : 60);
  const open = transaction.state === 'open' || transaction.state === 'parked';
  const height = TOP + list.length * ROW + (open ? ROW : 0) + 8;
  const middle = (left + right) / 2;
  const first = list[0].time;
  const rows = list.map((event, i) => {
    const y = TOP + i * ROW + ROW / 2;
    const inside = event.event === 'park' || event.event === 'resume';
    const out = event.event === 'ask';
    const arrow = inside
      ? svg('circle', { cx: right, cy: y, r: 6, class: `mark ${event.event}` })
      : svg('path', { class: `arrow ${event.event}`, d: `M${out ? right : left} ${y}H${out ? left + 8 : right - 8}m${out ? 7 : -7} -5l${out ? -8 : 8} 5l${out ? 8 : -8} 5` });
    const since = i === 0 ? '' : ` +${duration(event.time - first)}`;
    return svg('g', null, arrow,
      svg('text', { class: 'what', x: middle, y: y - 8, 'text-anchor': 'middle' }, cut(`${eventText(event.event)}${narrow ? since : ''}`, right - left - 10, 7.5)),
      svg('text', { class: 'note', x: middle, y: y + 17, 'text-anchor': 'middle' }, cut(partner(event), right - left - 10, 6.6)),
      narrow ? null : [
        svg('text', { class: 'note', x: 0, y: y + 1 }, time(event.time, true).slice(11)),
        svg('text', { class: 'note', x: 96, y: y + 1 }, since.trim()),
      ]);
  });
  const end = TOP + list.length * ROW + ROW / 2;
  const next = transaction.state === 'parked' ? t('tx_waits_operator') : t('tx_next_ask', duration(Math.max(0, Number(transaction.nextAskMs) || 0)));
  return svg('svg', { class: 'timeline', width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': t('timeline_of', transaction.transactionId) },
    svg('text', { class: 'name', x: left, y: 18, 'text-anchor': narrow ? 'start' : 'middle' }, t('producer')),
    svg('text', { class: 'name', x: right, y: 18, 'text-anchor': narrow ? 'end' : 'middle' }, cut(transaction.brokerName, 150, 7.5)),
    svg('line', { class: 'life', x1: left, x2: left, y1: 30, y2: height }), svg('line', { class: 'life', x1: right, x2: right, y1: 30, y2: height }),
    rows, open ? svg('text', { class: 'note', x: middle, y: end, 'text-anchor': 'middle' }, cut(next, right - left - 10, 6.6)) : null);
}
