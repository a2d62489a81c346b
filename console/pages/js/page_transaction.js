/* One transaction: what happened when, as a picture and as a list; and what a person can decide. */

import { command, may } from './api.js';
import { checked, formDialog } from './dialog.js';
import { h, replace } from './dom.js';
import { duration, number, time } from './format.js';
import { messageLink, topicLink } from './names.js';
import { badge, button, empty, facts, heading, link, section, toast, trail } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';
import { eventText, partner, steps, timeline } from './timeline.js';

function resolveDialog(transaction, commit, again) {
  formDialog({
    title: t(commit ? 'commit_it' : 'roll_back_it'),
    text: t(commit ? 'commit_text' : 'roll_back_text'),
    submit: t(commit ? 'commit' : 'roll_back'),
    danger: true,
    fields: [{ name: 'reason', label: t('reason'), required: true, hint: t('reason_hint') }],
    work: async values => checked(await command('transactionResolve', { brokerAddr: transaction.brokerName, id: transaction.msgId, [commit ? 'commit' : 'rollback']: true, reason: values.reason })),
    done: () => {
      toast(t('done'));
      again();
    },
  });
}

function resumeDialog(transaction, again) {
  formDialog({
    title: t('resume_it'),
    text: t('resume_text'),
    submit: t('resume'),
    work: async () => checked(await command('transactionResume', { brokerAddr: transaction.brokerName, id: transaction.msgId })),
    done: () => {
      toast(t('done'));
      again();
    },
  });
}

function eventTable(transaction) {
  return table({
    label: t('events'),
    rows: steps(transaction).map((event, i) => ({ ...event, i })),
    key: row => row.i,
    columns: [
      { name: t('time'), value: row => row.time, cell: row => time(row.time, true) },
      { name: t('event'), value: row => row.event, cell: row => eventText(row.event) },
      { name: t('way'), value: row => row.via || '', cell: row => row.via || '–' },
      { name: t('who'), value: row => partner(row), wide: true },
      { name: t('note'), value: row => row.reason || '', cell: row => row.reason || (row.asked ? t('asked_n', number(row.asked)) : '–'), wide: true },
    ],
  }).element;
}

export async function show({ here, params, signal, again }) {
  const document = await command('transactionShow', { id: params.id }, signal);
  const transaction = document.transactions[0];
  const path = trail([t('page_transactions'), '#/transactions'], [params.id]);
  if (!transaction) {
    replace(here, path, heading(t('transaction')), empty(t('no_transaction', params.id)));
    return;
  }
  const undecided = transaction.state === 'open' || transaction.state === 'parked';
  const picture = h('div', { class: 'mapbox' });
  replace(here, path, heading(t('transaction'),
    badge(t(`state_${transaction.state}`), transaction.state),
    undecided && may('transactionResume') && button(t('resume'), () => resumeDialog(transaction, again)),
    undecided && may('transactionResolve') && button(t('commit'), () => resolveDialog(transaction, true, again), { kind: 'danger' }),
    undecided && may('transactionResolve') && button(t('roll_back'), () => resolveDialog(transaction, false, again), { kind: 'danger' })),
  section(t('timeline'), picture),
  section(t('events'), eventTable(transaction)),
    section(t('overview'), facts([
      [t('transaction_id'), transaction.transactionId],
      [t('offset_id'), link(transaction.msgId, messageLink(transaction.msgId))],
      [t('producer_group'), transaction.group],
      [t('topic'), link(transaction.topic, topicLink(transaction.topic))],
      [t('keys'), transaction.keys],
      [t('broker'), transaction.brokerName],
      [t('stored'), time(transaction.storeTimestamp, true)],
      [t('age'), duration(transaction.ageMs)],
      [t('asked'), number(transaction.asked)],
      undecided && transaction.nextAskMs !== undefined && [t('next_ask'), duration(Math.max(0, transaction.nextAskMs))],
    ])));
  const draw = () => picture.clientWidth > 0 && replace(picture, timeline(transaction, Math.floor(picture.clientWidth)));
  const resized = new ResizeObserver(draw);
  resized.observe(picture);
  signal.addEventListener('abort', () => resized.disconnect());
  draw();
}
