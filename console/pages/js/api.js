/*
 * Everything that the console asks of its server. A command is one of mqadmin's, by its name and its
 * long flags; the answer is the document that mqadmin --json prints.
 */

export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || `HTTP ${status}`);
    this.status = status;
    this.requestId = document.requestId || '';
  }
}

const state = { session: null, commands: new Map(), onLogout: () => {} };

async function ask(path, options = {}) {
  let reply;
  try {
    reply = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...options });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, { detail: 'The console does not answer. Is the name server running?' });
  }
  const text = await reply.text();
  let document = {};
  try {
    document = text ? JSON.parse(text) : {};
  } catch {
    document = { detail: text.slice(0, 300) };
  }
  if (reply.ok) return document;
  const problem = new Problem(reply.status, document);
  problem.requestId = reply.headers.get('X-Request-Id') || problem.requestId;
  problem.retryAfter = Number(reply.headers.get('Retry-After')) || 0;
  if (reply.status === 401 && state.session && path !== '/api/login') {
    state.session = null;
    state.onLogout();
  }
  throw problem;
}

export function post(path, body, signal) {
  return ask(path, {
    method: 'POST',
    signal,
    headers: { 'Content-Type': 'application/json', ...(state.session ? { 'X-CSRF-Token': state.session.csrf } : {}) },
    body: JSON.stringify(body),
  });
}

export function get(path, signal) {
  return ask(path, { signal });
}

/* ---- who is here ---- */

export function session() {
  return state.session;
}

/* Called when the session has ended elsewhere. */
export function onLogout(callback) {
  state.onLogout = callback;
}

function enter(who, table) {
  state.session = who;
  state.commands = new Map((table.commands || table).map(row => [row.name, row]));
  return who;
}

/* The session of an earlier visit, or null. */
export async function resume() {
  try {
    return enter(...await Promise.all([get('/api/session'), get('/api/commands')]));
  } catch (problem) {
    if (problem.status === 401) return null;
    throw problem;
  }
}

export async function login(user, password) {
  const who = await post('/api/login', { user, password });
  return enter(who, await get('/api/commands'));
}

export async function logout() {
  await post('/api/logout', {});
  state.session = null;
}

/* ---- commands ---- */

const RIGHTS = { reader: ['read'], operator: ['read', 'write'], admin: ['read', 'write', 'admin'] };

/* The server has the command, and this role may run it. */
export function may(name) {
  const row = state.commands.get(name);
  return Boolean(row && state.session && RIGHTS[state.session.role].includes(row.right));
}

export function hasFlag(name, flag) {
  const row = state.commands.get(name);
  return Boolean(row && row.flags.some(f => f.name === flag));
}

export function isAdmin() {
  return Boolean(state.session && state.session.role === 'admin');
}

/* Flags without a value are left out. */
export function command(name, flags = {}, signal = undefined) {
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined && value !== null && value !== ''));
  const row = state.commands.get(name);
  if (!row) return Promise.reject(new Problem(404, { detail: `This server has no command ${name}.` }));
  const path = `/api/commands/${encodeURIComponent(name)}`;
  if (row.right !== 'read' || row.flags.some(flag => flag.writes && given[flag.name])) return post(path, given, signal);
  const query = new URLSearchParams(given).toString();
  // A query string has a limit, and no line ends.
  if (query.length > 4000 || query.includes('%0A')) return post(path, given, signal);
  return get(query ? `${path}?${query}` : path, signal);
}

/* Rows of mqadmin sql as objects, each with its broker. */
export async function sql(query, signal) {
  const document = await command('sql', { query }, signal);
  return document.results.flatMap(result => result.rows.map(row =>
    Object.fromEntries([['broker', result.broker], ...result.columns.map((column, i) => [column, row[i]])])));
}

/* A text in a statement. */
export function quoted(text) {
  return `'${String(text).replaceAll("'", "''")}'`;
}
