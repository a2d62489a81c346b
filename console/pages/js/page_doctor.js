/* What is wrong with the cluster, in words, and what to do. */

import { command } from './api.js';
import { h, replace } from './dom.js';
import { number } from './format.js';
import { badge, button, facts, figure, figures, fillFrom, heading, section } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';

function finding(one) {
  return h('article', { class: `card finding ${one.severity}` },
    h('h2', null, badge(t(one.severity === 'error' ? 'error' : 'warning'), one.severity === 'error' ? 'bad' : 'warn'), ' ', one.subject),
    h('p', null, one.what),
    facts([[t('evidence'), one.evidence], [t('advice'), one.advice]]));
}

function report(document) {
  return [
    figures(
      figure(t('errors'), number(document.errors), { kind: document.errors ? 'bad' : '' }),
      figure(t('warnings'), number(document.warnings), { kind: document.warnings ? 'warn' : '' }),
      figure(t('checks'), number(document.checks.length)),
      figure(t('name_servers'), number(document.nameServers)),
      figure(t('brokers'), number(document.brokers)),
      figure(t('groups'), number(document.groups))),
    document.findings.length ? document.findings.map(finding) : h('p', { class: 'card healthy' }, t('healthy')),
    section(t('checks'), table({
      label: t('checks'),
      rows: document.checks,
      key: row => row.id,
      search: row => `${row.id} ${row.title}`,
      columns: [
        { name: t('check'), value: row => row.title, wide: true },
        { name: t('findings'), value: row => row.findings, cell: row => badge(row.findings ? number(row.findings) : t('fine'), row.findings ? 'bad' : 'ok'), number: true },
      ],
    }).element),
  ];
}

export async function show({ here, signal }) {
  const results = h('div', { class: 'page' });
  const examine = () => fillFrom(results, () => command('doctor', { interval: 6 }, signal), report);
  replace(here, heading(t('page_doctor'), button(t('examine'), () => {
    replace(results);
    examine();
  }, { kind: 'primary' })), results);
  await examine();
}
