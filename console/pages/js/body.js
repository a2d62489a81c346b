/* A body as text, as JSON, or in hexadecimal. */

import { h, replace } from './dom.js';
import { choice, copyButton } from './parts.js';
import { t } from './strings.js';

function asJson(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? JSON.stringify(value, null, 2) : null;
  } catch {
    return null;
  }
}

/* Sixteen bytes a line: offset, hexadecimal, printable characters. */
export function hexDump(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = [...bytes.slice(at, at + 16)];
    const hex = part.map(byte => byte.toString(16).padStart(2, '0')).join(' ').padEnd(47);
    const text = part.map(byte => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex}  ${text}`);
  }
  return lines.join('\n');
}

/* mqadmin prints a body that is no text in hexadecimal. */
export function bytesOf(message) {
  const text = String(message.body ?? '');
  const encoded = new TextEncoder().encode(text);
  if (message.bodyHex || (encoded.length === 2 * message.bodyLength && /^([0-9a-fA-F]{2})*$/.test(text))) {
    return { bytes: Uint8Array.from(text.match(/../g) || [], byte => parseInt(byte, 16)), binary: true };
  }
  return { bytes: encoded, binary: false };
}

export function bodyView(message) {
  const { bytes, binary } = bytesOf(message);
  const text = binary ? '' : String(message.body ?? '');
  const json = binary ? null : asJson(text);
  const shown = h('pre', { class: 'body', tabindex: '0', 'aria-label': t('body') });
  const views = [!binary && ['text', t('as_text')], json && ['json', 'JSON'], ['hex', t('as_hex')]].filter(Boolean);
  const draw = view => replace(shown, view === 'hex' ? hexDump(bytes) : view === 'json' ? json : text);
  const first = json ? 'json' : views[0][0];
  draw(first);
  return h('div', null, h('div', { class: 'tools' }, choice(t('body_as'), views, first, draw), copyButton(binary ? hexDump(bytes) : text)), shown);
}
