'use strict';

/* What strangers name, send and store is text for the console, wherever it is shown. */
const { Console, mqadmin, play, report } = require('./browser.js');

const MARKUP = ['<img src=x onerror=alert(1)>', '<script>alert(2)</script>', '"><svg onload=alert(3)>', 'javascript:alert(4)'];
let c;

async function login(browser) {
  c = await Console.open(browser);
  await c.login('admin', process.env.CONSOLE_PASSWORD);
  await c.shown();
}

/* The text is there as text, and made no element. */
async function isText(name, text) {
  await c.page.waitForFunction(part => document.body.textContent.includes(part), {}, text);
  const made = await c.page.$$eval('main img, main script, main svg[onload], main [onerror], main iframe', list => list.length);
  report(made === 0, name);
}

async function bodies() {
  const all = mqadmin('consumeMessage', '-t', 'strange', '-c', '100').messages;
  await c.go('messages?topic=strange');
  for (const text of MARKUP) await isText(`a list of messages: ${text}`, text);
  for (const message of all) {
    await c.go(`messages/${message.offsetId}?topic=strange`);
    await isText(`a message: ${message.body}`, message.body);
    await isText(`its key: ${message.keys}`, message.keys);
    await isText(`its tag: ${message.tags}`, message.tags);
  }
}

async function names() {
  await c.go('producers');
  await isText('a client id', '<b>id</b>');
  await c.go('sql?q=' + encodeURIComponent("SELECT '<img src=x onerror=alert(5)>' AS \"<b>column</b>\""));
  await isText('a cell of SQL', '<img src=x onerror=alert(5)>');
  await isText('a column of SQL', '<b>column</b>');
  await c.go('transactions?state=open');
  await isText('keys of a transaction', '<i>key</i>');
  await c.go(`topics/${encodeURIComponent('<img src=x onerror=alert(6)>')}`);
  await isText('a route', '<img src=x onerror=alert(6)>');
  await c.go(encodeURIComponent('<img src=x onerror=alert(7)>'));
  await isText('a page that is not there', 'onerror');
}

async function scripts() {
  // Were there a way in, the policy would still hold.
  const ran = await c.page.evaluate(() => new Promise(resolve => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    const image = document.createElement('img');
    image.src = 'http://127.0.0.1:9/x.png';
    image.onerror = () => resolve(Boolean(window.ran));
    document.body.append(image);
  }));
  report(!ran, 'a script in the page is not run');
  const refused = await c.page.evaluate(() => window.refused.splice(0));
  report(refused.length >= 2, 'and an image of elsewhere is not loaded', refused.join());
  c.errors.splice(0);
}

async function nothingRan() {
  await c.quiet('no script ran, and nothing was refused');
}

play([login, bodies, names, nothingRan, scripts]);
