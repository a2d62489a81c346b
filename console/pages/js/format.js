/* Numbers, sizes, and local times as people read them, in the chosen language. */

import { t } from './strings.js';

const DASH = '–';

/* Both languages write 1,234.5; the first toLocaleString of a page would cost 20 ms. */
export function number(value, digits = 0) {
  const n = Number(value);
  if (value === null || value === undefined || value === '' || !Number.isFinite(n)) return DASH;
  const [whole, rest = ''] = Math.abs(n).toFixed(digits).split('.');
  const part = rest.replace(/0+$/, '');
  const text = whole.replace(/\B(?=(?:\d{3})+$)/g, ',') + (part && `.${part}`);
  return n < 0 && text !== '0' ? `-${text}` : text;
}

/* A rate a second: small ones with decimals. */
export function rate(value) {
  const n = Number(value);
  return number(n, n < 10 ? 2 : n < 100 ? 1 : 0);
}

export function percent(ratio) {
  const n = Number(ratio);
  return Number.isFinite(n) ? `${number(n * 100, n < 0.1 ? 1 : 0)} %` : DASH;
}

export function bytes(value) {
  let n = Number(value);
  if (value === null || value === undefined || !Number.isFinite(n)) return DASH;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; n >= 1024 && unit < units.length - 1; unit++) n /= 1024;
  return `${number(n, unit && n < 100 ? 1 : 0)} ${units[unit]}`;
}

const two = n => String(n).padStart(2, '0');

/* 2026-11-30 17:04:31, in local time; with milliseconds when asked for. */
export function time(ms, exact = false) {
  const n = Number(ms);
  if (!ms || !Number.isFinite(n) || n <= 0) return DASH;
  const d = new Date(n);
  const text = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  return exact ? `${text}.${String(d.getMilliseconds()).padStart(3, '0')}` : text;
}

export function day(ms) {
  return time(ms).slice(0, 10);
}

export function clock(ms) {
  return time(ms).slice(11, 16);
}

/* The value of a datetime-local input. */
export function inputTime(ms) {
  return time(ms).replace(' ', 'T').slice(0, 16);
}

/* 850 ms, 12 s, 3 min, 5 h, 2 d */
export function duration(ms) {
  const n = Number(ms);
  if (ms === null || ms === undefined || !Number.isFinite(n)) return DASH;
  if (n < 1000) return t('span_ms', number(n));
  if (n < 60000) return t('span_s', number(n / 1000, n < 10000 ? 1 : 0));
  if (n < 3600000) return t('span_min', number(n / 60000, n < 600000 ? 1 : 0));
  if (n < 86400000) return t('span_h', number(n / 3600000, 1));
  return t('span_d', number(n / 86400000, 1));
}

export function ago(ms, now = Date.now()) {
  return ms > 0 ? t('ago', duration(Math.max(0, now - ms))) : DASH;
}
