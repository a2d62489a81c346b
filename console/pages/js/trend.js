/* What moved in the last 24 hours: as charts on a page, and as sparklines in lists. */

import { command, may } from './api.js';
import { lineChart, sparkline } from './chart.js';
import { h } from './dom.js';
import { bytes, number, percent } from './format.js';
import { empty, fillFrom, section } from './parts.js';
import { t } from './strings.js';

const LINES = [
  { name: 'trend_messages', parts: [['in', 'trend_in'], ['out', 'trend_out']], format: number },
  { name: 'trend_bytes', parts: [['inBytes', 'trend_in'], ['outBytes', 'trend_out']], format: bytes },
  { name: 'trend_lag', parts: [['lag', 'lag']], format: number },
];

function charts(document, width) {
  return document.series.map(series => {
    const drawn = LINES.filter(line => line.parts.some(([part]) => series[part])).map(line => h('div', null, h('h3', null, t(line.name)), lineChart({
      label: `${series.name}, ${t(line.name)}`, begin: document.begin, step: document.step, width, format: line.format,
      series: line.parts.filter(([part]) => series[part]).map(([part, name]) => ({ name: t(name), values: series[part] })),
    })));
    if (series.diskUsed && series.diskTotal) {
      const share = series.diskUsed.map((used, i) => (used === null || !series.diskTotal[i] ? null : used / series.diskTotal[i]));
      drawn.push(h('div', null, h('h3', null, t('trend_disk')), lineChart({
        label: `${series.name}, ${t('trend_disk')}`, begin: document.begin, step: document.step, width, format: percent, series: [{ name: t('disk'), values: share }],
      })));
    }
    return section(series.name, drawn);
  });
}

/* Fills the element with the charts of what the flags name: a topic, a group, or neither for the brokers. */
export function showTrend(element, flags, signal) {
  return fillFrom(element, () => command('trend', flags, signal), document =>
    (document.series.length ? charts(document, Math.max(280, Math.floor(element.clientWidth - 42))) : empty(t('no_trend'))));
}

/*
 * Sparklines for the rows of a list: part 'in' of topics and brokers, 'lag' of groups. want(names) asks for
 * those that are not known, and calls drawn() when they are; cell(name) is what the list shows.
 */
export function sparklines(kind, part, signal, drawn) {
  const known = new Map();
  const there = may('trend');
  return {
    there,
    async want(names) {
      const lacking = names.filter(name => !known.has(name));
      if (!there || lacking.length === 0) return;
      for (const name of lacking) known.set(name, null);
      try {
        const document = await command('trend', { ...(kind ? { [kind]: lacking.join(',') } : {}), points: 48 }, signal);
        for (const series of document.series) known.set(series.name, series[part] || null);
        drawn();
      } catch (error) {
        if (error.name !== 'AbortError') console.info(error.message); // a list without pictures is a list
      }
    },
    cell(name) {
      const values = known.get(name);
      if (!values || !values.some(value => value > 0)) return '–';
      return sparkline(values, t('spark_of', number(values.reduce((most, value) => Math.max(most, value || 0), 0)), number(values[values.length - 1])));
    },
  };
}
