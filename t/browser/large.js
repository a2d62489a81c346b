'use strict';

/*
 * Many topics and groups: a list draws a hundred rows of them, whatever it is sorted by. With thousands of
 * topics, how long pages take and what they cost the brokers is said in remarks; that is no case.
 */
const fs = require('fs');
const { Console, mqadmin, plain, play, report, same, until } = require('./browser.js');

const LARGE = Number(process.env.LARGE);
const GROUPS = Number(process.env.LARGE_GROUPS);
let c;

async function login(browser) {
  c = await Console.open(browser);
  await c.login('admin', process.env.CONSOLE_PASSWORD);
  await c.shown();
}

/* as mqbench calls them */
const topic = i => `large-${String(i).padStart(5, '0')}`;

/* "1–100 of 10,000": the last number */
async function counted() {
  return plain((await c.text('.count')).match(/[0-9,]+(?!.*[0-9])/)[0]);
}

async function topics() {
  await c.go('topics');
  await c.fill('Filter: Topics', 'large');
  same('topics: all are listed', await counted(), LARGE);
  same('topics: a hundred are drawn', (await c.rows('Topics')).length, 100);
  await c.fill('Filter: Topics', topic(LARGE - 1));
  same('topics: the last one is found', (await c.rows('Topics')).map(row => row[0]).join(), topic(LARGE - 1));
  await c.fill('Filter: Topics', 'large');
  await c.press('Topic');
  const names = (await c.rows('Topics')).map(row => row[0]);
  same('topics: the other way round', names.slice(0, 3).join(), [1, 2, 3].map(n => topic(LARGE - n)).join());
  await c.press('Next');
  same('topics: the next page', (await c.rows('Topics'))[0][0], topic(LARGE - 101));
}

async function groups() {
  await c.go('groups');
  same('groups: all are listed', await counted(), GROUPS);
  const progress = mqadmin('consumerProgress').groups;
  const wanted = new Map(progress.map(row => [row.group, row]));
  const rows = await c.rows('Consumer groups');
  const wrong = rows.filter(row => plain(row[1]) !== wanted.get(row[0]).count || plain(row[2]) !== wanted.get(row[0]).diffTotal);
  report(wrong.length === 0 && rows.length === 100, 'groups: members and lag of each', ...wrong.map(row => row.join(' ')));
}

async function keys() {
  await c.go(`messages?topic=${topic(0)}&by=key&key=same`);
  same('messages: a page of those with a key', await counted(), 1024);
  await c.press('More');
  await until('more', async () => await counted() > 1024);
  same('messages: all of them, each once', await counted(), 1100);
}

async function quiet() {
  await c.quiet('nothing went wrong');
}

const ticks = () => process.env.BROKER_PIDS.split(' ').reduce((sum, pid) => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ');
  return sum + Number(fields[11]) + Number(fields[12]);
}, 0);

async function times() {
  if (LARGE < 5000) return;
  for (const route of ['cluster', 'topics', 'groups']) {
    const all = [];
    for (let i = 0; i < 7; i++) {
      await c.page.goto('about:blank');
      await c.page.goto(`${process.env.CONSOLE_URL}#/${route}`);
      await c.shown();
      all.push(Math.round(await c.page.evaluate(() => performance.now())));
    }
    console.log(`# ${route}: opened in ${all.sort((a, b) => a - b)[3]} ms (${all.join(' ')})`);
  }
  for (const route of ['cluster', 'topics']) {
    await c.go(route);
    const before = ticks();
    await new Promise(resolve => setTimeout(resolve, 20000));
    console.log(`# ${route}: the brokers took ${((ticks() - before) / 20).toFixed(2)} % of a core while it was open`);
  }
  await c.page.goto('about:blank');
  const before = ticks();
  await new Promise(resolve => setTimeout(resolve, 20000));
  console.log(`# no page: ${((ticks() - before) / 20).toFixed(2)} %`);
}

play([login, topics, groups, keys, quiet, times]);
