/* Who may log in, and the tokens for the HTTP API. */

import { get, post, session } from './api.js';
import { formDialog, showDialog } from './dialog.js';
import { h, replace } from './dom.js';
import { time } from './format.js';
import { badge, button, code, copyButton, heading, toast } from './parts.js';
import { t } from './strings.js';
import { table } from './table.js';

const ROLES = () => ['reader', 'operator', 'admin'].map(role => [role, `${t(`role_${role}`)}: ${t(`role_${role}_text`)}`]);
const path = (name, what) => `/api/accounts/${encodeURIComponent(name)}/${what}`;

function newAccount(again) {
  formDialog({
    title: t('new_account'),
    submit: t('create'),
    fields: [
      { name: 'name', label: t('user'), required: true },
      { name: 'role', label: t('role'), type: 'select', options: ROLES(), value: 'reader' },
      { name: 'password', label: t('password'), type: 'password', required: true, keep: true, autocomplete: 'new-password' },
    ],
    work: values => post('/api/accounts', values),
    done: (_, values) => {
      toast(t('created', values.name));
      again();
    },
  });
}

function changeRole(row, again) {
  formDialog({
    title: t('change_of', row.name),
    submit: t('change'),
    fields: [{ name: 'role', label: t('role'), type: 'select', options: ROLES(), value: row.role }],
    work: values => post(path(row.name, 'role'), values),
    done: () => {
      toast(t('changed', row.name));
      again();
    },
  });
}

function setPassword(row) {
  formDialog({
    title: t('new_password_of', row.name),
    submit: t('change'),
    fields: [{ name: 'password', label: t('new_password'), type: 'password', required: true, keep: true, autocomplete: 'new-password' }],
    work: values => post(path(row.name, 'password'), values),
    done: () => toast(t('password_changed')),
  });
}

function newToken(row, again) {
  formDialog({
    title: t('new_token_of', row.name),
    text: t('token_text'),
    submit: t('create'),
    fields: [{ name: 'label', label: t('label'), hint: t('label_hint'), required: true }],
    work: values => post(path(row.name, 'tokens'), values),
    done: document => {
      showDialog(t('token'), h('p', null, t('token_once')), h('p', null, code(document.token)), copyButton(document.token));
      again();
    },
  });
}

function removeToken(row, again) {
  formDialog({
    title: t('remove_token'),
    text: t('remove_token_text'),
    submit: t('delete'),
    danger: true,
    fields: [{ name: 'label', label: t('token'), type: 'select', options: row.tokens.map(token => [token.label, token.label]), value: row.tokens[0].label }],
    work: values => post(path(row.name, `tokens/${encodeURIComponent(values.label)}/remove`), {}),
    done: (_, values) => {
      toast(t('deleted', values.label));
      again();
    },
  });
}

function remove(row, again) {
  formDialog({
    title: t('remove_account'),
    text: t('remove_account_text', row.name),
    submit: t('delete'),
    danger: true,
    confirm: row.name,
    work: () => post(path(row.name, 'remove'), {}),
    done: () => {
      toast(t('deleted', row.name));
      again();
    },
  });
}

export async function show({ here, signal, again }) {
  const document = await get('/api/accounts', signal);
  const own = row => row.name === session().user;
  replace(here, heading(t('page_accounts'), button(t('new_account'), () => newAccount(again), { kind: 'primary' })), table({
    label: t('page_accounts'),
    rows: document.accounts,
    key: row => row.name,
    sort: 0,
    columns: [
      { name: t('user'), value: row => row.name, cell: row => (own(row) ? [row.name, ' ', badge(t('you'))] : row.name), wide: true },
      { name: t('role'), value: row => row.role, cell: row => badge(t(`role_${row.role}`), row.role === 'admin' ? 'warn' : '') },
      { name: t('tokens'), value: row => row.tokens.length, cell: row => tokenText(row.tokens), wide: true },
      { cell: row => h('span', { class: 'actions' },
        button(t('role'), () => changeRole(row, again), { kind: 'small', label: t('role_of', row.name), disabled: own(row) }),
        button(t('password'), () => setPassword(row), { kind: 'small', label: t('password_of', row.name) }),
        button(t('new_token'), () => newToken(row, again), { kind: 'small', label: t('new_token_of', row.name) }),
        row.tokens.length > 0 && button(t('remove_token'), () => removeToken(row, again), { kind: 'small', label: t('remove_token_of', row.name) }),
        button(t('delete'), () => remove(row, again), { kind: 'small danger', label: t('delete_of', row.name), disabled: own(row) })) },
    ],
  }).element);
}

function tokenText(tokens) {
  return tokens.map(token => `${token.label} (${time(token.created).slice(0, 10)})`).join(', ') || '–';
}
