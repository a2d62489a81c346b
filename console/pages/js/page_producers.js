/* Live connections of producers, per group, those that have not sent anything yet, too. */

import { command, may, sql } from './api.js';
import { checked, formDialog } from './dialog.js';
import { replace } from './dom.js';
import { ago } from './format.js';
import { button, code, heading, section, toast } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';

function policyDialog(row, done) {
  formDialog({
    title: row.group === undefined ? t('new_producer_group') : t('change_of', row.group),
    submit: t('change'),
    fields: [
      row.group === undefined && { name: 'group', label: t('producer_group'), required: true },
      { name: 'policy', label: t('policy'), type: 'select', options: [['first-wins', t('first_wins')], ['commit-wins-once', t('commit_wins_once')]], value: row.policy || 'first-wins' },
      { name: 'checkUrl', label: t('check_url'), type: 'url', value: row.checkUrl, hint: t('check_url_hint') },
    ].filter(Boolean),
    work: async values => checked(await command('updateProducerGroup', { group: row.group, ...values })),
    done: () => {
      toast(t('done'));
      done();
    },
  });
}

export async function show({ here, signal, again }) {
  const [clients, settings] = await Promise.all([
    sql("SELECT groupName, clientId, address, language, version, lastSeen FROM clients WHERE role = 'producer'", signal),
    may('producerGroupList') ? command('producerGroupList', {}, signal) : { producerGroups: [] },
  ]);
  replace(here, heading(t('page_producers'), may('updateProducerGroup') && button(t('new_producer_group'), () => policyDialog({}, again))),
    table({
      label: t('page_producers'),
      rows: clients,
      key: row => `${row.groupName}/${row.clientId}/${row.broker}/${row.address}`,
      search: row => `${row.groupName} ${row.clientId} ${row.address}`,
      sort: 0,
      none: t('no_producers'),
      columns: [
        { name: t('producer_group'), value: row => row.groupName, wide: true },
        { name: t('client'), value: row => row.clientId, wide: true },
        { name: t('address'), value: row => row.address },
        { name: t('broker'), value: row => row.broker },
        { name: t('language'), value: row => row.language },
        { name: t('version'), value: row => row.version },
        { name: t('last_seen'), value: row => row.lastSeen, cell: row => ago(row.lastSeen), number: true },
      ],
    }).element,
    settings.producerGroups.length ? section(t('producer_settings'), table({
      label: t('producer_settings'),
      rows: settings.producerGroups,
      key: row => `${row.group}/${row.brokerName || row.broker}`,
      columns: [
        { name: t('producer_group'), value: row => row.group, wide: true },
        { name: t('broker'), value: row => row.brokerName || row.broker },
        { name: t('policy'), value: row => row.policy },
        { name: t('check_url'), value: row => row.checkUrl || '', cell: row => (row.checkUrl ? code(row.checkUrl) : '–'), wide: true },
        may('updateProducerGroup') && { cell: row => button(t('change'), () => policyDialog(row, again), { kind: 'small', label: t('change_of', row.group) }) },
      ].filter(Boolean),
    }).element) : null);
}
