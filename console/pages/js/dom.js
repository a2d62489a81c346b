/*
 * Elements from data. Text becomes text nodes only: names and bodies come from strangers, so nothing
 * here, or in any other module, reads markup.
 */

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

function setAll(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked' || name === 'disabled' || name === 'open') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
}

/* h('a', { class: 'name', href: '#/x', onclick: f }, 'text', node, [more]) */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  if (properties) setAll(element, properties);
  return fill(element, children);
}

/* The same for SVG. */
export function svg(tag, properties, ...children) {
  const element = document.createElementNS(SVG, tag);
  if (properties) setAll(element, properties);
  return fill(element, children);
}

export function replace(element, ...children) {
  element.textContent = '';
  return fill(element, children);
}

/* Like replace, but a child that stays equal keeps its node, so that focus and selection stay, too. */
export function update(element, ...children) {
  const wanted = children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false)
    .map(child => (child instanceof Node ? child : document.createTextNode(String(child))));
  wanted.forEach((child, i) => {
    const old = element.childNodes[i];
    if (!old) element.append(child);
    else if (!old.isEqualNode(child)) old.replaceWith(child);
  });
  while (element.childNodes.length > wanted.length) element.lastChild.remove();
  return element;
}

let lastId = 0;

/* A name for an element that a label or a description points to. */
export function uniqueId(prefix) {
  return `${prefix}-${++lastId}`;
}
