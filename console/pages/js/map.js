/* The cluster as a picture: name servers above, brokers below, a line for each registration. */

import { svg } from './dom.js';
import { rate } from './format.js';
import { t } from './strings.js';

const WIDTH = 190;
const HEIGHT = 74;
const GAP = 24;

/* Where n boxes stand in rows of a given width. */
function places(n, width, top) {
  const each = Math.max(1, Math.min(n, Math.floor((width + GAP) / (WIDTH + GAP))));
  const list = [];
  for (let i = 0; i < n; i++) {
    const row = Math.floor(i / each);
    const inRow = Math.min(each, n - row * each);
    const left = (width - inRow * WIDTH - (inRow - 1) * GAP) / 2;
    list.push({ x: left + (i - row * each) * (WIDTH + GAP), y: top + row * (HEIGHT + GAP) });
  }
  return list;
}

function box(place, kind, lines, href) {
  const content = [
    svg('rect', { x: place.x, y: place.y, width: WIDTH, height: HEIGHT, rx: 8, class: `box ${kind}` }),
    lines.map((line, i) => [' ', svg('text', { x: place.x + 14, y: place.y + 24 + i * 18, class: i === 0 ? 'name' : 'note' }, line.length > 26 ? `${line.slice(0, 25)}…` : line)]),
  ];
  return href ? svg('a', { href }, content) : svg('g', null, content);
}

/* nameServers: [{ address, up }]; brokers: rows of clusterList; width in pixels. */
export function clusterMap(nameServers, brokers, width) {
  const above = places(nameServers.length, width, 4);
  const bottom = above.length ? above[above.length - 1].y + HEIGHT : 0;
  const below = places(brokers.length, width, bottom + 56);
  const height = (below.length ? below[below.length - 1].y : bottom) + HEIGHT + 4;
  const lines = above.flatMap(a => below.map(b => svg('path', {
    d: `M${a.x + WIDTH / 2} ${a.y + HEIGHT} C${a.x + WIDTH / 2} ${bottom + 40} ${b.x + WIDTH / 2} ${bottom + 20} ${b.x + WIDTH / 2} ${b.y}`, class: 'wire',
  })));
  return svg('svg', { class: 'map', viewBox: `0 0 ${width} ${height}`, width, height, role: 'group', 'aria-label': t('map') },
    svg('g', { 'aria-hidden': 'true' }, lines),
    nameServers.map((server, i) => box(above[i], server.up === false ? 'bad' : 'server', [t('name_server'), server.address])),
    brokers.map((broker, i) => box(below[i], Number(broker.brokerId) === 0 ? 'master' : 'slave', [
      `${broker.brokerName} · ${t(Number(broker.brokerId) === 0 ? 'master' : 'slave')}`,
      broker.address,
      t('in_out', rate(broker.inTps), rate(broker.outTps)),
    ], `#/brokers/${encodeURIComponent(broker.brokerName)}`)));
}
