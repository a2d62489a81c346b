/*
 * Charts as SVG. A value that is null is a time of which nothing is known: the line has a gap there.
 * What a chart says is also said in words, or in a list beside it.
 */

import { h, replace, svg } from './dom.js';
import { clock, number, time } from './format.js';
import { t } from './strings.js';

function largest(series) {
  return series.reduce((most, one) => one.values.reduce((m, v) => (v !== null && v > m ? v : m), most), 0);
}

/* "M0 3L1 4M5 2": a new piece behind each gap. */
function path(values, x, y) {
  let pen = false;
  let text = '';
  values.forEach((value, i) => {
    if (value === null || value === undefined) {
      pen = false;
      return;
    }
    text += `${pen ? 'L' : 'M'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    if (!pen && (values[i + 1] === null || values[i + 1] === undefined)) text += 'h0.1'; // a lone point
    pen = true;
  });
  return text;
}

/* A line without axes, for lists, with a dot at its end: a new cluster has no line yet. */
export function sparkline(values, label) {
  const width = 96;
  const height = 22;
  const top = largest([{ values }]) || 1;
  const last = Math.max(1, values.length - 1);
  const now = values[values.length - 1];
  const x = i => 1 + (i / last) * (width - 4);
  const y = v => height - 3 - (v / top) * (height - 6);
  return svg('svg', { class: 'spark', width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label },
    svg('path', { d: path(values, x, y) }),
    now === null || now === undefined ? null : svg('circle', { cx: x(last).toFixed(1), cy: y(now).toFixed(1), r: 2 }));
}

/* 1, 2 or 5 times a power of ten, so that about four lines are drawn. */
function stepOf(top) {
  const raw = top / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map(n => n * power).find(n => n >= raw);
}

const MARGIN = { left: 62, right: 12, top: 10, bottom: 24 };

/*
 * { label, begin, step, series: [{ name, values }], width, format }: lines over time, with the values under
 * the pointer, or under the arrow keys.
 */
export function lineChart({ label, begin, step, series, width, height = 190, format = number }) {
  const count = Math.max(1, ...series.map(one => one.values.length));
  const top = largest(series) || 1;
  const grid = stepOf(top);
  const ceiling = Math.ceil(top / grid) * grid;
  const x = i => MARGIN.left + (i / Math.max(1, count - 1)) * (width - MARGIN.left - MARGIN.right);
  const y = v => height - MARGIN.bottom - (v / ceiling) * (height - MARGIN.top - MARGIN.bottom);
  const levels = [];
  for (let v = 0; v <= ceiling + grid / 2; v += grid) levels.push(v);
  const ticks = [];
  const hours = width < 480 ? 6 : 3;
  for (let i = 0; i < count; i++) {
    const at = new Date(begin + i * step);
    if (at.getMinutes() * 60000 < step && at.getHours() % hours === 0) ticks.push(i);
  }
  const cursor = svg('line', { class: 'cursor', y1: MARGIN.top, y2: height - MARGIN.bottom, visibility: 'hidden' });
  const said = h('p', { class: 'said', 'aria-live': 'polite' });
  let index = count - 1;
  function point(i) {
    index = Math.max(0, Math.min(count - 1, i));
    cursor.setAttribute('x1', x(index));
    cursor.setAttribute('x2', x(index));
    cursor.setAttribute('visibility', 'visible');
    replace(said, time(begin + index * step).slice(0, 16), series.map((one, n) => h('span', { class: `line-${n}` },
      `${one.name} ${one.values[index] === null || one.values[index] === undefined ? '–' : format(one.values[index])}`)));
  }
  const picture = svg('svg', {
    class: 'chart', width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', tabindex: '0', 'aria-label': summary(label, series, format),
    onpointermove: event => {
      const box = picture.getBoundingClientRect();
      const share = ((event.clientX - box.left) * (width / box.width) - MARGIN.left) / (width - MARGIN.left - MARGIN.right);
      point(Math.round(share * (count - 1)));
    },
    onkeydown: event => {
      const move = { ArrowLeft: -1, ArrowRight: 1, Home: -count, End: count }[event.key];
      if (move === undefined) return;
      event.preventDefault();
      point(index + move);
    },
  },
  levels.map(v => [
    svg('line', { class: 'grid', x1: MARGIN.left, x2: width - MARGIN.right, y1: y(v), y2: y(v) }),
    svg('text', { x: MARGIN.left - 8, y: y(v) + 4, 'text-anchor': 'end' }, format(v)),
  ]),
  ticks.map(i => svg('text', { x: x(i), y: height - 6, 'text-anchor': 'middle' }, clock(begin + i * step))),
  series.map((one, n) => svg('path', { class: `line line-${n}`, d: path(one.values, x, y) })), cursor);
  point(count - 1);
  cursor.setAttribute('visibility', 'hidden');
  return h('figure', { class: 'chartbox' }, picture, said);
}

function summary(label, series, format) {
  return [label, ...series.map(one => {
    const known = one.values.filter(v => v !== null && v !== undefined);
    if (known.length === 0) return t('chart_nothing', one.name);
    return t('chart_summary', one.name, format(known[known.length - 1]), format(Math.max(...known)));
  })].join('. ');
}
