'use strict';

/*
 * A headless Chromium on the console: go to a page, find things by the names that people hear and see, and
 * report like Interop.java: "ok name", "not ok name", "# remark".
 *
 * Environment: CONSOLE_URL, CONSOLE_PASSWORD (of admin), NAMESRV_ADDR, BUILDDIR, SHOTS (a folder), CHROMIUM.
 */
const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const puppeteer = require('puppeteer-core');

const URL = process.env.CONSOLE_URL;
const SHOTS = process.env.SHOTS;
const WAIT = 60000;

let failed = 0;

function report(ok, name, ...why) {
  console.log(`${ok ? 'ok' : 'not ok'} ${name}`);
  if (ok) return;
  failed++;
  for (const line of why.join('\n').split('\n')) console.log(`# ${line}`);
}

function same(name, got, wanted) {
  report(String(got) === String(wanted), name, `got:    ${got}`, `wanted: ${wanted}`);
}

function has(name, text, part) {
  report(String(text).includes(part), name, `wanted: ${part}`, `in:     ${text}`);
}

/* What mqadmin says; its exit status when it fails. */
function mqadmin(...words) {
  const text = execFileSync(path.join(process.env.BUILDDIR, 'mqadmin'), [...words, '--json'], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] });
  return JSON.parse(text);
}

async function until(what, condition, limit = WAIT) {
  const end = Date.now() + limit;
  while (!await condition()) {
    if (Date.now() > end) throw new Error(`after ${limit / 1000} s: not ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

/* 1,234 as a number. */
const plain = text => Number(String(text).replace(/[^0-9.-]/g, ''));

/* The browser could not be had at all: the program ends with 77. */
async function launch() {
  try {
    return await puppeteer.launch({
      executablePath: process.env.CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--lang=en-US'],
      timeout: WAIT,
      protocolTimeout: 3 * WAIT,
    });
  } catch (error) {
    console.log(`# ${error.message}`);
    process.exit(77);
  }
}

class Console {
  constructor(browser, page) {
    this.browser = browser;
    this.page = page;
    this.errors = [];
    page.setDefaultTimeout(WAIT);
    page.on('pageerror', error => this.errors.push(`page: ${error.message}`));
    page.on('console', message => {
      // An answer that is not 200 is told to the reader by the page.
      if (['error', 'warn', 'warning'].includes(message.type()) && !/Failed to load resource/.test(message.text())) this.errors.push(`console: ${message.text()}`);
    });
    page.on('dialog', dialog => {
      this.errors.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('response', reply => {
      if (reply.status() >= 500) this.errors.push(`${reply.status()} ${reply.url()}`);
    });
  }

  static async open(browser, options = {}) {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await page.setViewport({ width: options.width || 1280, height: 900 });
    const one = new Console(browser, page);
    // What the policy of content refuses is an error, whoever tried it.
    await page.evaluateOnNewDocument(() => {
      window.refused = [];
      document.addEventListener('securitypolicyviolation', event => window.refused.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
    await page.goto(URL);
    await page.waitForSelector('.login form');
    return one;
  }

  async login(user, password) {
    await this.fill('Name', user);
    await this.fill('Password', password);
    await this.press('Log in');
  }

  /* Waits until all of the page is there. */
  async shown() {
    await this.page.waitForFunction(() => {
      const main = document.querySelector('#main');
      return main && main.dataset.shown === location.hash && !main.querySelector('[aria-busy="true"], .loading');
    });
    // ... and laid out: lists measure their room in a frame.
    await this.page.evaluate(() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0))));
  }

  async go(route) {
    const hash = `#/${route}`;
    await this.page.evaluate(wanted => {
      if (location.hash !== wanted) location.hash = wanted;
      else window.dispatchEvent(new HashChangeEvent('hashchange'));
      delete document.querySelector('#main').dataset.shown;
    }, hash);
    await this.shown();
  }

  /* The element with this name and role. */
  async find(name, role) {
    return this.page.waitForSelector(`::-p-aria([name="${name}"]${role ? `[role="${role}"]` : ''})`, { visible: true });
  }

  async press(name, role = 'button') {
    const element = await this.find(name, role);
    await element.click();
    await element.dispose();
  }

  async fill(label, text) {
    const element = await this.find(label);
    await element.evaluate((input, value) => {
      if (input.type === 'checkbox') input.checked = value;
      else input.value = value;
      input.dispatchEvent(new Event('input', { bubbles: true }));
      input.dispatchEvent(new Event('change', { bubbles: true }));
    }, text);
    await element.dispose();
  }

  text(selector) {
    return this.page.$eval(selector, element => element.textContent);
  }

  async title() {
    return this.text('h1');
  }

  /* The figure with this name, as it is shown. */
  figure(name) {
    return this.page.evaluate(wanted => {
      const one = [...document.querySelectorAll('.figure')].find(figure => figure.querySelector('dt').textContent === wanted);
      return one ? one.querySelector('dd').firstChild.textContent : `no figure ${wanted}`;
    }, name);
  }

  /* The cells of a table as texts, row by row. */
  rows(label) {
    return this.page.evaluate(wanted => {
      const table = [...document.querySelectorAll('table')].find(one => one.getAttribute('aria-label') === wanted && one.checkVisibility());
      return table ? [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent)) : [];
    }, label);
  }

  async has(text) {
    await this.page.waitForFunction(part => document.body.textContent.includes(part), {}, text);
  }

  async closed() {
    await this.page.waitForFunction(() => !document.querySelector('dialog'));
  }

  /* Whether nothing went wrong so far, and nothing was refused. */
  async quiet(name) {
    const refused = await this.page.evaluate(() => window.refused.splice(0));
    const all = this.errors.splice(0).concat(refused.map(text => `refused: ${text}`));
    report(all.length === 0, name, ...all);
  }

  async shot(name) {
    fs.mkdirSync(SHOTS, { recursive: true });
    await this.page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage: true });
  }
}

/* Runs the parts, each with its name; one that fails does not keep the others from running. */
async function play(parts) {
  const browser = await launch();
  try {
    for (const part of parts) {
      try {
        await part(browser);
      } catch (error) {
        report(false, part.name || 'a part', error.stack);
      }
    }
  } finally {
    await browser.close();
  }
  process.exitCode = failed ? 1 : 0;
}

module.exports = { Console, has, mqadmin, plain, play, report, same, until };
