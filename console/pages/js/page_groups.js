/* All consumer groups and how far each is behind. */

import { command, may } from './api.js';
import { replace } from './dom.js';
import { number, rate } from './format.js';
import { groupDialog } from './group_dialog.js';
import { groupLink, isSystemGroup } from './names.js';
import { badge, button, choice, heading, link } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';
import { sparklines } from './trend.js';

export async function show({ here, signal }) {
  const { groups } = await command('consumerProgress', {}, signal);
  const all = groups.map(row => ({ ...row, system: isSystemGroup(row.group) }));
  let kind = 'all';
  const kinds = {
    all: row => !row.system,
    behind: row => !row.system && row.diffTotal > 0,
    offline: row => !row.system && !row.count,
    system: row => row.system,
  };
  const of = chosen => all.filter(kinds[chosen]);
  const sparks = sparklines('group', 'lag', signal, () => list.redraw());
  let pending = 0;
  const list = table({
    label: t('page_groups'),
    rows: of(kind),
    key: row => row.group,
    search: row => row.group,
    sort: 0,
    none: t('no_groups'),
    tools: choice(t('kind'), Object.keys(kinds).map(key => [key, `${t(`groups_${key}`)} ${number(of(key).length)}`]), kind, chosen => {
      kind = chosen;
      list.update(of(kind));
    }),
    columns: [
      { name: t('group'), value: row => row.group, cell: row => link(row.group, groupLink(row.group)), wide: true },
      { name: t('members'), value: row => row.count, cell: row => (row.count ? number(row.count) : badge(t('offline'), 'warn')), number: true },
      { name: t('lag'), value: row => row.diffTotal, cell: row => number(row.diffTotal), number: true },
      sparks.there && { name: t('lag_day'), cell: row => sparks.cell(row.group), picture: true },
      { name: t('consumed_s'), value: row => Number(row.tps), cell: row => rate(row.tps), number: true },
      { name: t('way'), value: row => row.type, cell: row => (row.type ? `${row.type} ${row.model}` : '–') },
      { name: t('version'), value: row => row.version, cell: row => row.version || '–' },
    ].filter(Boolean),
    onShown: rows => {
      clearTimeout(pending);
      pending = setTimeout(() => signal.aborted || sparks.want(rows.map(row => row.group)), 150);
    },
  });
  replace(here, heading(t('page_groups'), may('updateSubGroup') && button(t('new_group'), () => groupDialog({ done: name => { location.hash = groupLink(name); } }), { kind: 'primary' })), list.element);
}
