/*
 * Dialogs on <dialog>, which keeps the focus inside and gives it back. A form dialog stays open when its
 * work fails, and says why.
 */

import { h, replace, uniqueId } from './dom.js';
import { button, problem } from './parts.js';
import { t } from './strings.js';

/* One input with its label: { name, label, type, value, options, required, hint, min, max, pattern }. */
export function field(spec) {
  const id = uniqueId('field');
  const hint = spec.hint ? h('small', { id: `${id}-hint` }, spec.hint) : null;
  const common = { id, name: spec.name, required: spec.required, 'aria-describedby': hint ? `${id}-hint` : null, autocomplete: spec.autocomplete || 'off', spellcheck: 'false' };
  let input;
  if (spec.type === 'select') {
    input = h('select', common, spec.options.map(([value, text]) => h('option', { value, selected: value === spec.value }, text)));
  } else if (spec.type === 'textarea') {
    input = h('textarea', { ...common, rows: spec.rows || 5 });
    input.value = spec.value ?? '';
  } else if (spec.type === 'checkbox') {
    input = h('input', { ...common, type: 'checkbox', checked: Boolean(spec.value) });
    return { input, element: h('div', { class: 'field check' }, input, h('label', { for: id }, spec.label), hint) };
  } else {
    input = h('input', { ...common, type: spec.type || 'text', min: spec.min, max: spec.max, step: spec.step, list: spec.list, placeholder: spec.placeholder });
    input.value = spec.value ?? '';
  }
  return { input, element: h('div', { class: 'field' }, h('label', { for: id }, spec.label), input, hint) };
}

function readField(spec, input) {
  if (spec.type === 'checkbox') return input.checked;
  if (spec.type === 'number') return input.value === '' ? undefined : Number(input.value);
  if (spec.type === 'datetime-local') return input.value === '' ? undefined : new Date(input.value).getTime();
  return spec.keep ? input.value : input.value.trim();
}

function open(title, content) {
  const id = uniqueId('dialog');
  const element = h('dialog', { 'aria-labelledby': id }, h('h2', { id }, title), content);
  element.addEventListener('close', () => element.remove());
  document.body.append(element);
  element.showModal();
  return element;
}

/*
 * A form in a dialog. work(values) does it and may fail; then the dialog closes, and done(result) follows.
 *   fields:  as above, or a node that is shown between them
 *   confirm: a name that must be typed first
 */
export function formDialog({ title, text, fields = [], confirm, submit, danger, work, done }) {
  const made = fields.map(spec => (spec instanceof Node ? { element: spec } : { spec, ...field(spec) }));
  const typed = confirm !== undefined && field({ name: 'confirm', label: t('type_name', confirm), required: true });
  const trouble = h('div');
  const go = button(submit, null, { kind: danger ? 'danger' : 'primary', type: 'submit' });
  if (typed) {
    go.disabled = true;
    typed.input.addEventListener('input', () => { go.disabled = typed.input.value !== confirm; });
  }
  async function run(event) {
    event.preventDefault();
    if (typed && typed.input.value !== confirm) return;
    const values = Object.fromEntries(made.filter(item => item.spec).map(item => [item.spec.name, readField(item.spec, item.input)]));
    go.disabled = true;
    form.setAttribute('aria-busy', 'true');
    try {
      const result = await work(values);
      dialog.close();
      if (done) done(result, values);
    } catch (error) {
      replace(trouble, problem(error));
      go.disabled = false;
    }
    form.removeAttribute('aria-busy');
  }
  const form = h('form', { onsubmit: run }, text ? h('p', null, text) : null, made.map(item => item.element), typed ? typed.element : null, trouble,
    h('div', { class: 'buttons' }, button(t('cancel'), () => dialog.close()), go));
  const dialog = open(title, form);
  const first = made.find(item => item.input) || typed;
  if (first) first.input.focus();
  return { dialog, inputs: Object.fromEntries(made.filter(item => item.spec).map(item => [item.spec.name, item.input])) };
}

/* A dialog that only shows. */
export function showDialog(title, ...content) {
  const dialog = open(title, h('div', null, content, h('div', { class: 'buttons' }, button(t('close'), () => dialog.close(), { kind: 'primary' }))));
  return dialog;
}

/* What each broker said to a change: the table that mqadmin prints, when one of them refused. */
export function refusals(document) {
  return (document.brokers || []).concat(document.nameServers || []).filter(row => row.result && row.result !== 'ok');
}

/* Fails with what the brokers said, when one of them did. */
export function checked(document) {
  const bad = refusals(document);
  if (bad.length) throw Object.assign(new Error(bad.map(row => `${row.broker || row.address}: ${row.result}`).join('; ')), { status: 422 });
  return document;
}
