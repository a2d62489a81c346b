/* Who are you? */

import * as api from './api.js';
import { field } from './dialog.js';
import { h, replace } from './dom.js';
import { button, problem } from './parts.js';
import { t } from './strings.js';

/* entered() is called once somebody is logged in. */
export function login(entered, pickers) {
  const user = field({ name: 'user', label: t('user'), required: true, autocomplete: 'username', value: 'admin' });
  const password = field({ name: 'password', label: t('password'), type: 'password', required: true, autocomplete: 'current-password' });
  const trouble = h('div');
  const go = button(t('login'), null, { kind: 'primary', type: 'submit' });
  async function run(event) {
    event.preventDefault();
    go.disabled = true;
    try {
      await api.login(user.input.value.trim(), password.input.value);
      entered();
    } catch (error) {
      replace(trouble, problem(error));
      if (error.retryAfter) trouble.append(h('p', null, t('wait_s', error.retryAfter)));
      password.input.select();
    }
    go.disabled = false;
  }
  return h('main', { class: 'login' },
    h('h1', null, 'TwinMQ'),
    h('form', { class: 'card', onsubmit: run }, h('h2', null, t('login_title')), user.element, password.element, trouble, h('div', { class: 'buttons' }, go),
      h('p', { class: 'note' }, t('login_note'))),
    h('div', { class: 'pickers' }, pickers));
}
