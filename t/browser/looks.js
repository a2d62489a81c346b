'use strict';

/*
 * How each page looks and feels: axe-core finds nothing in either theme, nothing is wider than a phone, all
 * of it works by keyboard, in Chinese, too; screenshots are kept in the build folder.
 */
const fs = require('fs');
const { Console, has, mqadmin, play, report, same } = require('./browser.js');

const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const password = process.env.CONSOLE_PASSWORD;
let c;

async function pages() {
  const names = await c.page.$$eval('.menu a', list => list.map(a => a.dataset.name));
  const message = mqadmin('consumeMessage', '-t', 'orders', '-c', '1').messages[0];
  const transaction = mqadmin('transactionList').transactions.find(row => row.state === 'open');
  return [...names, 'brokers/broker-a', 'topics/orders', 'groups/order-group', 'groups/idle-group', 'messages?topic=orders', `messages/${message.offsetId}?topic=orders`,
    `transactions/${transaction.msgId}`, 'dead/bad-group', 'sql?q=SELECT%20*%20FROM%20queues', 'topics/no-such-topic', 'no-such-page']
    .map(route => [route.replace(/[^a-z-].*/i, '').replace(/s$/, '') + (route.includes('/') || route.includes('?') ? '-one' : ''), route]);
}

async function theme(name) {
  await c.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: name }]);
}

async function violations() {
  // Not as a script of the page: the policy of content refuses that.
  const { violations: list } = await c.page.evaluate(`(() => { ${axe}; return axe.run(document, { resultTypes: ['violations'] }); })()`);
  return list.map(one => `${one.id}: ${one.nodes.map(node => `${node.html} ${node.failureSummary}`).slice(0, 3).join('; ')}`);
}

async function overflow() {
  return c.page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return '';
    return [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > width + 1).slice(0, 3).map(e => `${e.tagName}.${e.className}`).join(' ') || 'the page';
  });
}

/* All routes in one size and theme. */
async function look(routes, width, scheme, examine) {
  const language = await c.page.evaluate(() => document.documentElement.lang);
  await c.page.setViewport({ width, height: 844 });
  await theme(scheme);
  const wide = [];
  const bad = [];
  let n = 0;
  for (const [name, route] of routes) {
    await c.go(route);
    const over = await overflow();
    if (over) wide.push(`${route}: ${over}`);
    if (examine) bad.push(...(await violations()).map(text => `${route}: ${text}`));
    await c.shot(`${String(++n).padStart(2, '0')}-${name}-${width}-${scheme}`);
  }
  report(wide.length === 0, `${language}, ${width} pixels, ${scheme}: nothing is wider`, ...wide);
  if (examine) report(bad.length === 0, `${language}, ${width} pixels, ${scheme}: axe-core finds nothing`, ...bad);
}

async function login(browser) {
  c = await Console.open(browser);
  for (const scheme of ['light', 'dark']) {
    await theme(scheme);
    const bad = await violations();
    report(bad.length === 0, `login, ${scheme}: axe-core finds nothing`, ...bad);
    await c.shot(`00-login-1280-${scheme}`);
  }
  await c.login('admin', password);
  await c.shown();
}

async function light() {
  const routes = await pages();
  await look(routes, 1280, 'light', true);
  await look(routes, 390, 'light', false);
}

async function dark() {
  const routes = await pages();
  await look(routes, 1280, 'dark', false);
  await look(routes, 390, 'dark', true);
}

async function dialogs() {
  await c.page.setViewport({ width: 390, height: 844 });
  for (const [route, button] of [['topics', 'New topic'], ['topics/orders', 'Delete'], ['groups/order-group', 'Rewind'], ['accounts', 'New account']]) {
    await c.go(route);
    await c.press(button);
    await c.page.waitForSelector('dialog[open]');
    const bad = await violations();
    report(bad.length === 0 && await overflow() === '', `dialog ${button}: axe-core finds nothing, and it fits`, ...bad);
    await c.shot(`dialog-${button.toLowerCase().replace(' ', '-')}-390`);
    await c.page.keyboard.press('Escape');
    await c.closed();
  }
  await c.page.setViewport({ width: 1280, height: 844 });
}

/* Presses Tab until the focus is on what has this text; how often, or -1. */
async function tabTo(text, most = 120) {
  for (let i = 0; i < most; i++) {
    await c.page.keyboard.press('Tab');
    const focused = await c.page.evaluate(() => {
      const one = document.activeElement;
      return one.getAttribute('aria-label') || (one.labels && one.labels[0] && one.labels[0].textContent) || one.textContent;
    });
    if (focused === text) return i + 1;
  }
  throw new Error(`no Tab leads to ${text}`);
}

/* The focus is seen: an outline, or one on the element that stands for a hidden input. */
async function focusSeen() {
  return c.page.evaluate(() => {
    const one = document.activeElement;
    const style = getComputedStyle(one.matches('.choice input') ? one.nextElementSibling : one);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  });
}

async function keyboard(browser) {
  c = await Console.open(browser);
  const { keyboard: keys } = c.page;
  await tabTo('Password', 10);
  await keys.type(password);
  await keys.press('Enter');
  await c.shown();
  report(true, 'keyboard: login');
  await c.page.evaluate(() => document.activeElement.blur());
  await tabTo('Topics');
  report(await focusSeen(), 'keyboard: the focus is seen');
  await keys.press('Enter');
  await c.page.waitForFunction(() => location.hash === '#/topics');
  await c.shown();
  same('keyboard: the focus follows to the heading', await c.page.evaluate(() => document.activeElement.tagName), 'H1');
  await tabTo('New topic');
  await keys.press('Enter');
  await c.page.waitForSelector('dialog[open]');
  const inside = [];
  for (let i = 0; i < 12; i++) {
    inside.push(await c.page.evaluate(() => document.activeElement === document.body || Boolean(document.activeElement.closest('dialog'))));
    await keys.press('Tab');
  }
  report(inside.every(Boolean), 'keyboard: the focus stays in a dialog');
  await c.page.evaluate(() => document.querySelector('dialog input').focus());
  await keys.type('by-keyboard');
  await keys.press('Enter');
  await c.page.waitForFunction(() => location.hash === '#/topics/by-keyboard');
  await c.shown();
  report(true, 'keyboard: a topic is made');
  await tabTo('Delete');
  await keys.press('Enter');
  await c.page.waitForSelector('dialog[open]');
  await keys.press('Escape');
  await c.closed();
  same('keyboard: Escape closes, and the focus is back', await c.page.evaluate(() => document.activeElement.textContent), 'Delete');
  await tabTo('Queues');
  await keys.press('ArrowRight');
  same('keyboard: arrows choose a tab', await c.page.evaluate(() => document.activeElement.textContent), 'Consumers');
  let seen = true;
  await c.go('topics');
  for (let i = 0; i < 30; i++) {
    await keys.press('Tab');
    seen &&= await c.page.evaluate(() => document.activeElement === document.body) || await focusSeen();
  }
  report(seen, 'keyboard: each step is seen');
}

async function languages() {
  await c.go('topics/orders');
  await c.page.click('.account summary');
  await c.page.select('.account select:last-of-type', 'zh').catch(() => {});
  await c.page.evaluate(() => {
    const select = [...document.querySelectorAll('.account select')].find(one => [...one.options].some(option => option.value === 'zh'));
    select.value = 'zh';
    select.dispatchEvent(new Event('change'));
  });
  await c.shown();
  has('Chinese: the page', await c.text('main'), '发送消息');
  same('Chinese: the language is said', await c.page.evaluate(() => document.documentElement.lang), 'zh');
  const routes = (await pages()).map(([name, route]) => [`${name}-zh`, route]);
  await look(routes, 390, 'light', true);
  await look(routes, 1280, 'dark', true);
}

async function nothingWrong() {
  await c.quiet('no error, and nothing that the policy of content refuses');
}

play([login, light, dark, dialogs, nothingWrong, keyboard, languages, nothingWrong]);
