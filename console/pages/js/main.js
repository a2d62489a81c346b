/* The frame around all pages: login, menu, theme, language, and which page a route shows. */

import { isAdmin, logout, may, onLogout, post, resume, session } from './api.js';
import { formDialog } from './dialog.js';
import { h, replace } from './dom.js';
import { onLiveState, stopLive } from './live.js';
import { login } from './page_login.js';
import { badge, button, fillFrom, heading, loading, problem, toast } from './parts.js';
import { chooseLanguage, language, languages, t } from './strings.js';

/* [route, module, entry of the menu]; :x takes one part of the route. */
const ROUTES = [
  ['cluster', () => import('./page_cluster.js'), 'cluster'],
  ['brokers/:name', () => import('./page_broker.js'), 'cluster'],
  ['topics', () => import('./page_topics.js'), 'topics'],
  ['topics/:name', () => import('./page_topic.js'), 'topics'],
  ['groups', () => import('./page_groups.js'), 'groups'],
  ['groups/:name', () => import('./page_group.js'), 'groups'],
  ['producers', () => import('./page_producers.js'), 'producers'],
  ['messages', () => import('./page_messages.js'), 'messages'],
  ['messages/:id', () => import('./page_message.js'), 'messages'],
  ['transactions', () => import('./page_transactions.js'), 'transactions'],
  ['transactions/:id', () => import('./page_transaction.js'), 'transactions'],
  ['dead', () => import('./page_dead.js'), 'dead'],
  ['dead/:name', () => import('./page_dead_group.js'), 'dead'],
  ['trends', () => import('./page_trends.js'), 'trends'],
  ['doctor', () => import('./page_doctor.js'), 'doctor'],
  ['sql', () => import('./page_sql.js'), 'sql'],
  ['accounts', () => import('./page_accounts.js'), 'accounts'],
];

/* Entries of the menu, and what must be there for them. */
const MENU = [
  ['cluster', () => true],
  ['topics', () => may('topicList')],
  ['groups', () => may('consumerProgress')],
  ['producers', () => may('sql')],
  ['messages', () => may('consumeMessage')],
  ['transactions', () => may('transactionList')],
  ['dead', () => may('topicList')],
  ['trends', () => may('trend')],
  ['doctor', () => may('doctor')],
  ['sql', () => may('sql')],
  ['accounts', () => isAdmin()],
];

let main = null;
let menu = null;
let live = null;
let leave = null; // ends what the page that is shown has begun

/* ---- theme ---- */

function chosenTheme() {
  return localStorage.getItem('theme') || 'system';
}

function setTheme(theme) {
  localStorage.setItem('theme', theme);
  applyTheme();
}

function applyTheme() {
  const theme = chosenTheme();
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/* ---- frame ---- */

function picker(label, options, value, onchange) {
  return h('label', { class: 'picker' }, h('span', null, label),
    h('select', { onchange: event => onchange(event.target.value) },
      options.map(([key, text]) => h('option', { value: key, selected: key === value }, text))));
}

export function pickers() {
  return [
    picker(t('theme'), ['system', 'light', 'dark'].map(key => [key, t(`theme_${key}`)]), chosenTheme(), setTheme),
    picker(t('language'), languages, language(), key => {
      chooseLanguage(key);
      frame();
    }),
  ];
}

function changePassword() {
  formDialog({
    title: t('change_password'),
    submit: t('change_password'),
    fields: [
      { name: 'old', label: t('old_password'), type: 'password', required: true, keep: true, autocomplete: 'current-password' },
      { name: 'new', label: t('new_password'), type: 'password', required: true, keep: true, autocomplete: 'new-password' },
    ],
    work: values => post('/api/password', values),
    done: () => toast(t('password_changed')),
  });
}

async function leaveSession() {
  try {
    await logout();
  } catch (error) {
    toast(error.message);
    return;
  }
  frame();
}

function account() {
  const who = session();
  return h('details', { class: 'account' }, h('summary', null, who.user, ' ', badge(t(`role_${who.role}`))),
    h('div', { class: 'drop' }, pickers(), button(t('change_password'), changePassword), button(t('logout'), leaveSession)));
}

function frameOfPages() {
  menu = h('nav', { class: 'menu', id: 'menu', 'aria-label': t('menu') },
    h('ul', null, MENU.filter(([, there]) => there()).map(([name]) => h('li', null, h('a', { href: `#/${name}`, 'data-name': name }, t(`page_${name}`))))));
  const opener = h('button', {
    type: 'button', class: 'opener', 'aria-controls': 'menu', 'aria-expanded': 'false',
    onclick: () => openMenu(opener.getAttribute('aria-expanded') !== 'true'),
  }, t('menu'));
  function openMenu(wide) {
    opener.setAttribute('aria-expanded', String(wide));
    menu.classList.toggle('open', wide);
  }
  menu.addEventListener('click', event => event.target.closest('a') && openMenu(false));
  live = h('span', { class: 'live', role: 'status' });
  main = h('main', { id: 'main' }, loading());
  replace(document.body,
    h('a', { href: '#main', class: 'skip', onclick: skip }, t('skip')),
    h('header', { class: 'top' }, opener, h('a', { href: '#/cluster', class: 'brand' }, 'TwinMQ'), live, account()),
    h('div', { class: 'frame' }, menu, main));
}

function skip(event) {
  event.preventDefault(); // the hash is the route
  const target = main.querySelector('h1') || main;
  target.focus();
}

onLiveState(state => {
  if (!live) return;
  live.className = `live is-${state}`;
  live.textContent = t(`live_${state}`);
});

/* All that is seen, from the start: after a login, a logout, another language. */
async function frame() {
  document.documentElement.lang = language();
  if (leave) leave.abort();
  stopLive();
  if (!session()) {
    document.title = 'TwinMQ';
    live = null;
    replace(document.body, login(frame, pickers()));
    document.querySelector('input').focus();
    return;
  }
  frameOfPages();
  await route(true);
}

/* ---- routes ---- */

function matchRoute(path) {
  const parts = path.split('/');
  for (const [pattern, load, name] of ROUTES) {
    const wanted = pattern.split('/');
    if (wanted.length !== parts.length) continue;
    const params = {};
    if (wanted.every((part, i) => (part.startsWith(':') ? ((params[part.slice(1)] = decode(parts[i])), true) : part === parts[i]))) return { load, name, params };
  }
  return null;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/* The path and the query of the address. */
function parts() {
  return (location.hash.replace(/^#\/?/, '') || 'cluster').split('?');
}

async function route(first = false) {
  if (!session()) return;
  const [path, query] = parts();
  const found = matchRoute(path);
  if (leave) leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  for (const a of menu.querySelectorAll('a')) {
    if (found && a.dataset.name === found.name) a.setAttribute('aria-current', 'page');
    else a.removeAttribute('aria-current');
  }
  const here = h('div', { class: 'page' });
  delete main.dataset.shown;
  replace(main, here);
  window.scrollTo(0, 0);
  if (!found) {
    replace(here, heading('TwinMQ'), problem(new Error(t('no_page', path))));
    main.dataset.shown = location.hash;
    return;
  }
  here.append(loading());
  try {
    const page = await found.load();
    if (signal.aborted) return;
    replace(here);
    await page.show({ here, params: found.params, query: new URLSearchParams(query || ''), signal, again: () => route() });
  } catch (error) {
    if (signal.aborted || error.name === 'AbortError') return;
    if (error.status === undefined) console.error(error);
    replace(here, heading(found.params.name || found.params.id || t(`page_${found.name}`)), problem(error, () => route()));
  }
  if (signal.aborted) return;
  main.dataset.shown = location.hash; // all of the page is there
  const title = here.querySelector('h1');
  document.title = title ? `${title.textContent} – TwinMQ` : 'TwinMQ';
  if (!first && title) title.focus({ preventScroll: true });
}

/* ---- start ---- */

onLogout(() => {
  toast(t('session_ended'));
  frame();
});
applyTheme();
window.addEventListener('hashchange', () => route());
matchRoute(parts()[0])?.load().catch(() => {}); // meanwhile
await fillFrom(document.body, resume, () => []);
if (!document.querySelector('.problem')) await frame();
