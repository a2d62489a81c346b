'use strict';

/*
 * Every page and every button of the console on a cluster with clients: what it shows is what mqadmin says,
 * and what it does is done.
 *
 * The cluster has: topic orders with 40 messages (keys k1..k40) and group order-group, whose one member is
 * there; idle-group with offsets and lag and no member; bad-group with a dead letter; an open transaction of
 * pay-group, which was asked about; a connected producer of shop-producers.
 */
const { Console, has, mqadmin, plain, play, report, same, until } = require('./browser.js');

const password = process.env.CONSOLE_PASSWORD;
let c;

async function logsIn(browser) {
  c = await Console.open(browser);
  await c.login('admin', 'wrong');
  await c.page.waitForSelector('[role="alert"]');
  report(true, 'login: a wrong password is refused');
  await c.login('admin', password);
  await c.shown();
  same('login: the cluster is shown', await c.title(), 'rocketmq-cluster');
}

async function cluster() {
  const { brokers } = mqadmin('clusterList');
  const more = mqadmin('clusterList', '-m').brokers;
  same('cluster: brokers', await c.figure('Brokers'), brokers.length);
  same('cluster: messages of today', plain(await c.figure('In today')), more.reduce((sum, row) => sum + Number(row.inToday), 0));
  const rows = await c.rows('Brokers');
  same('cluster: names', rows.map(row => row[0]).join(' '), brokers.map(row => row.brokerName).join(' '));
  same('cluster: addresses', rows.map(row => row[1]).join(' '), brokers.map(row => row.address).join(' '));
  same('cluster: the map has all of them', await c.page.$$eval('.map .box', list => list.length), brokers.length + 1);
  await c.page.waitForSelector('.live.is-live');
  report(true, 'cluster: values come live');
  const before = plain(await c.figure('Brokers'));
  mqadmin('sendMessage', '-t', 'orders', '-p', 'one more', '-k', 'k41');
  await until('a rate is seen', async () => plain(await c.figure('In/s')) > 0);
  same('cluster: a rate moves, and all else stays', plain(await c.figure('Brokers')), before);
  await c.page.click('.map a');
  await c.page.waitForFunction(() => location.hash.startsWith('#/brokers/'));
  await c.shown();
  has('cluster: the map leads to a broker', await c.title(), 'broker-');
}

async function broker() {
  const { brokers } = mqadmin('clusterList');
  const { address } = brokers.find(row => row.brokerName === 'broker-a');
  await c.go('brokers/broker-a');
  await c.find('Filter: Settings');
  await c.fill('Filter: Settings', 'flushDiskType');
  const rows = await c.rows('Settings');
  same('broker: a setting', rows.map(row => row.slice(0, 2).join('=')).join(), `flushDiskType=${mqadmin('getBrokerConfig', '-b', address)[address].flushDiskType}`);
  has('broker: where a setting is from', rows[0][2], 'cluster.ini:');
  await c.fill('Filter: Settings', 'logLevel');
  await c.press('Change logLevel');
  await c.fill('logLevel', 'loud');
  await c.press('Change');
  await c.page.waitForSelector('dialog [role="alert"]');
  has('broker: a wrong value is refused, with the reason', await c.text('dialog [role="alert"]'), 'debug');
  await c.fill('logLevel', 'warn');
  await c.press('Change');
  await c.closed();
  same('broker: a setting is changed', mqadmin('getBrokerConfig', '-b', address, '-k', 'logLevel')[address].logLevel, 'warn');
  await c.shown();
  await c.press('Drain');
  await c.fill('Type “broker-a” to confirm', 'broker-a');
  await (await c.page.waitForSelector('dialog button.danger')).click();
  await c.closed();
  const perm = () => mqadmin('topicRoute', '-t', 'orders').queues.find(row => row.brokerName === 'broker-a').permText;
  await until('drained', () => !perm().includes('W'));
  report(true, 'broker: it is drained');
  await c.press('Allow writes');
  await (await c.page.waitForSelector('dialog button.primary')).click();
  await c.closed();
  await until('open again', () => perm().includes('W'));
  report(true, 'broker: it takes messages again');
  await c.press('Counters', 'tab');
  await c.fill('Filter: Counters', 'brokerVersionDesc');
  same('broker: a counter', (await c.rows('Counters'))[0][1], mqadmin('brokerStatus', '-b', address)[address].brokerVersionDesc);
}

async function topics() {
  await c.go('topics');
  const all = mqadmin('topicList').topics;
  await c.page.evaluate(() => [...document.querySelectorAll('.choice label')].find(label => label.textContent.startsWith('all')).click());
  same('topics: all of them', plain(await c.text('.count')), all.length);
  await c.page.evaluate(() => [...document.querySelectorAll('.choice label')].find(label => label.textContent.startsWith('dead letter')).click());
  same('topics: dead letters only', (await c.rows('Topics')).map(row => row[0]).join(), '%DLQ%bad-group');
  await c.page.evaluate(() => [...document.querySelectorAll('.choice label')].find(label => label.textContent.startsWith('normal')).click());
  await c.fill('Filter: Topics', 'ORDER');
  same('topics: a filter', (await c.rows('Topics')).map(row => row[0]).join(), 'orders');
  await until('counted', async () => plain((await c.rows('Topics'))[0][3]) === 41);
  report(true, 'topics: messages are counted');

  await c.press('New topic');
  await c.fill('Topic', 'made here');
  await c.press('Create');
  await c.page.waitForSelector('dialog [role="alert"]');
  report(true, 'topics: a name that is none is refused');
  await c.fill('Topic', 'made-here');
  await c.fill('Read queues', '3');
  await c.fill('Write queues', '3');
  await c.press('Create');
  await c.page.waitForFunction(() => location.hash === '#/topics/made-here');
  await c.shown();
  same('topics: one is created', mqadmin('topicRoute', '-t', 'made-here').queues.map(row => row.readQueueNums).join(), '3,3');

  await c.press('Change');
  await c.fill('Read queues', '5');
  await c.fill('Write queues', '5');
  await (await c.page.waitForSelector('dialog button.primary')).click();
  await c.closed();
  await until('changed', () => mqadmin('topicRoute', '-t', 'made-here').queues.every(row => row.readQueueNums === 5));
  report(true, 'topic: it is changed');

  await c.go('topics/made-here');
  await c.press('Send a message');
  await c.fill('Body', '{"made": "here"}');
  await c.fill('Keys', 'mk');
  await (await c.page.waitForSelector('dialog button.primary')).click();
  await c.page.waitForFunction(() => location.hash.startsWith('#/messages/'));
  await c.shown();
  has('topic: a message is sent, and shown', await c.text('pre.body'), '"made": "here"');

  await c.go('topics/made-here');
  same('topic: its messages', await c.figure('Messages'), 1);
  await c.press('Delete');
  same('topic: the name is to be typed', await c.page.$eval('dialog button.danger', button => button.disabled), true);
  await c.fill('Type “made-here” to confirm', 'made-here');
  await (await c.page.waitForSelector('dialog button.danger')).click();
  await c.page.waitForFunction(() => location.hash === '#/topics');
  same('topic: it is deleted', mqadmin('topicList').topics.includes('made-here'), false);
}

async function topic() {
  await c.go('topics/orders');
  const status = mqadmin('topicStatus', '-t', 'orders').queues;
  same('topic: messages', plain(await c.figure('Messages')), status.reduce((sum, row) => sum + row.maxOffset - row.minOffset, 0));
  same('topic: offsets of its queues', (await c.rows('Queues')).map(row => row[3]).join(), status.map(row => row.maxOffset).join());
  await c.press('Consumers', 'tab');
  await until('consumers', async () => (await c.rows('Consumers')).length === 2);
  const lag = group => mqadmin('consumerProgress', '-g', group).diffTotal;
  for (const row of await c.rows('Consumers')) same(`topic: lag of ${row[0]}`, plain(row[2]), lag(row[0]));
  await c.press('Route', 'tab');
  same('topic: its brokers', (await c.rows('Route')).map(row => row[0]).join(), 'broker-a,broker-b');
}

async function groups() {
  await c.go('groups');
  const progress = mqadmin('consumerProgress').groups;
  for (const row of await c.rows('Consumer groups')) {
    const wanted = progress.find(one => one.group === row[0]);
    same(`groups: lag of ${row[0]}`, plain(row[2]), wanted.diffTotal);
  }
  await c.page.evaluate(() => [...document.querySelectorAll('.choice label')].find(label => label.textContent.startsWith('behind')).click());
  same('groups: those behind', (await c.rows('Consumer groups')).map(row => row[0]).join(), progress.filter(row => row.diffTotal > 0).map(row => row.group).join());

  await c.press('New group');
  await c.fill('Group', 'made-group');
  await c.fill('Retries before a message is dead', '3');
  await c.press('Create');
  await c.page.waitForFunction(() => location.hash === '#/groups/made-group');
  await c.shown();
  same('groups: one is created', mqadmin('getConsumerConfig', '-g', 'made-group').brokers.map(row => row.retryMaxTimes).join(), '3,3');
  await c.press('Change');
  await c.fill('Retries before a message is dead', '4');
  await (await c.page.waitForSelector('dialog button.primary')).click();
  await c.closed();
  same('group: it is changed', mqadmin('getConsumerConfig', '-g', 'made-group').brokers.map(row => row.retryMaxTimes).join(), '4,4');
  await c.shown();
  await c.press('Delete');
  await c.fill('Type “made-group” to confirm', 'made-group');
  await (await c.page.waitForSelector('dialog button.danger')).click();
  await c.page.waitForFunction(() => location.hash === '#/groups');
  report(true, 'group: it is deleted');
}

async function group() {
  await c.go('groups/order-group');
  const status = mqadmin('consumerStatus', '-g', 'order-group');
  same('group: members', await c.figure('Members'), new Set(status.connections.map(row => row.clientId)).size);
  const progress = mqadmin('consumerProgress', '-g', 'order-group');
  same('group: its queues', (await c.rows('Queues')).length, progress.queues.length);
  await c.press('Members', 'tab');
  same('group: a member', (await c.rows('Members'))[0][0], status.connections[0].clientId);
  await c.press('Subscriptions', 'tab');
  has('group: a subscription', (await c.rows('Subscriptions')).map(row => row[0]).join(), 'orders');
  await c.press('Settings', 'tab');
  has('group: settings', await c.text('[role="tabpanel"]:not([hidden])'), 'retryMaxTimes');

  await c.go('groups/idle-group');
  const lag = mqadmin('consumerProgress', '-g', 'idle-group').diffTotal;
  same('group: lag', plain(await c.figure('Lag')), lag);
  await c.press('Skip to the end');
  await (await c.page.waitForSelector('dialog button.danger')).click();
  await c.closed();
  same('group: it skips', mqadmin('consumerProgress', '-g', 'idle-group').diffTotal, 0);
  await c.shown();
  await c.press('Rewind');
  await c.fill('Go on at', '2001-01-01T00:00:00');
  if (await c.page.$('dialog .preview')) {
    await c.press('What would happen?');
    await c.page.waitForFunction(() => document.querySelector('.preview dd'));
    has('group: a rewind is previewed', await c.text('.preview'), '41');
  }
  await (await c.page.waitForSelector('dialog button.danger')).click();
  await c.closed();
  same('group: it rewinds', mqadmin('consumerProgress', '-g', 'idle-group').diffTotal, 41);
}

async function producers() {
  await c.go('producers');
  has('producers: one that has not sent', (await c.rows('Producers')).map(row => row[0]).join(), 'shop-producers');
  await c.press('Set a producer group');
  await c.fill('Producer group', 'pay-group');
  await c.fill('Policy', 'commit-wins-once');
  await (await c.page.waitForSelector('dialog button.primary')).click();
  await c.closed();
  await c.shown();
  has('producers: a policy is set', JSON.stringify(mqadmin('producerGroupList')), 'commit-wins-once');
}

async function messages() {
  const all = mqadmin('consumeMessage', '-t', 'orders', '-c', '1000').messages;
  await c.go('messages?topic=orders');
  same('messages: by topic and time', plain(await c.text('.count')), all.length);
  await c.page.evaluate(() => [...document.querySelectorAll('.search .choice label')].find(label => label.textContent === 'key').click());
  await c.fill('Key', 'k7');
  await c.press('Search');
  await until('found', async () => (await c.rows('Messages')).length === 1);
  const wanted = all.find(row => row.keys === 'k7');
  has('messages: by key', (await c.rows('Messages'))[0].join(), mqadmin('queryMsgByKey', '-t', 'orders', '-k', 'k7').messages[0].msgId);
  await c.page.evaluate(() => [...document.querySelectorAll('.search .choice label')].find(label => label.textContent === 'id').click());
  await c.fill('Unique id or offset id', wanted.uniqueId);
  await c.press('Search');
  await c.page.waitForFunction(() => location.hash.startsWith('#/messages/'));
  await c.shown();
  has('messages: by unique id', await c.text('main'), wanted.offsetId);
  await c.go(`messages?by=queue&topic=orders&broker=broker-a&queue=0`);
  same('messages: of a queue', (await c.rows('Messages')).length, all.filter(row => row.queueId === wanted.queueId || true).filter(row => row.queueId === 0 && mqadmin('clusterList').brokers.find(one => one.address === row.storeHost).brokerName === 'broker-a').length);

  await c.go(`messages/${wanted.offsetId}?topic=orders`);
  has('message: its body', await c.text('pre.body'), `"order": 7`);
  await c.page.evaluate(() => [...document.querySelectorAll('.choice label')].find(label => label.textContent === 'Hex').click());
  has('message: in hexadecimal', await c.text('pre.body'), '000000  7b 22 6f');
  has('message: its properties', await c.text('main'), 'TagA');
  await until('traced', async () => (await c.rows('Consumers')).some(row => row[0] === 'order-group'));
  report(true, 'message: who got it');
  await c.press('Consume now: order-group');
  await c.page.waitForFunction(() => document.querySelector('dialog select').value !== '');
  await (await c.page.waitForSelector('dialog button.primary')).click();
  await c.closed();
  await c.has('CR_SUCCESS');
  report(true, 'message: one member consumes it again');
}

async function transactions() {
  await c.go('transactions');
  const list = mqadmin('transactionList');
  same('transactions: all', (await c.rows('Transactions')).length, list.transactions.length);
  same('transactions: open ones', plain(await c.figure('open')), list.counts.open);
  await c.page.evaluate(() => [...document.querySelectorAll('.search .choice label')].find(label => label.textContent === 'open').click());
  await until('filtered', async () => (await c.rows('Transactions')).length === 1);
  const open = list.transactions.find(row => row.state === 'open');
  await c.go(`transactions/${open.msgId}`);
  const events = mqadmin('transactionShow', '-i', open.msgId).transactions[0].events;
  report(events.some(row => row.event === 'ask'), 'transaction: it was asked about');
  report((await c.rows('Events')).length >= events.length, 'transaction: its events');
  report(await c.page.$$eval('.timeline .arrow', arrows => arrows.length) >= events.length, 'transaction: drawn as a timeline');
  await c.press('Ask again');
  await (await c.page.waitForSelector('dialog button.primary')).click();
  await c.closed();
  await c.shown();
  report(true, 'transaction: the producers are asked again');
  await c.press('Commit');
  await c.fill('Reason', 'seen at the bank');
  await (await c.page.waitForSelector('dialog button.danger')).click();
  await c.closed();
  const after = mqadmin('transactionShow', '-i', open.msgId).transactions[0];
  same('transaction: it is committed by hand', after.state, 'committed');
  await c.page.waitForSelector('.heading .badge.committed');
  await c.has('seen at the bank');
  report(true, 'transaction: with the reason');
}

/* One that nobody is asked about any more, until somebody says so. */
async function parked() {
  const asks = n => mqadmin('updateBrokerConfig', '-c', 'rocketmq-cluster', '-k', 'transactionCheckMax', '-v', String(n));
  const find = () => mqadmin('transactionList', '-s', 'parked').transactions[0];
  asks(1);
  mqadmin('sendTransaction', '-t', 'payments', '-p', 'nobody knows', '-g', 'park-group', '-k', 'tx4', '-L', '-a', 'unknown');
  await until('parked', () => find() !== undefined);
  const { msgId } = find();
  asks(15);
  await c.go('transactions');
  same('transactions: a parked one is counted', await c.figure('parked'), 1);
  await c.go(`transactions/${msgId}`);
  await c.page.waitForSelector('.heading .badge.parked');
  await c.press('Ask again');
  await (await c.page.waitForSelector('dialog button.primary')).click();
  await c.closed();
  await c.page.waitForSelector('.heading .badge.open');
  same('transaction: a parked one is open again', mqadmin('transactionShow', '-i', msgId).transactions[0].state, 'open');
  has('transaction: it says that it was resumed', (await c.rows('Events')).map(row => row[1]).join(), 'resumed');
  await c.press('Roll back');
  await c.fill('Reason', 'the shop is closed');
  await (await c.page.waitForSelector('dialog button.danger')).click();
  await c.closed();
  same('transaction: it is rolled back by hand', mqadmin('transactionShow', '-i', msgId).transactions[0].state, 'rolledBack');
}

async function dead() {
  await c.go('dead');
  same('dead letters: groups', (await c.rows('Dead letters')).map(row => row.slice(0, 2).join()).join(), 'bad-group,1');
  await c.go('dead/bad-group');
  const rows = await c.rows('Dead letters');
  same('dead letters: of a group', rows.length, mqadmin('consumeMessage', '-t', '%DLQ%bad-group').messages.length);
  has('dead letters: where it was sent', rows[0].join(), 'bad-topic');
  await c.press('Replay');
  await (await c.page.waitForSelector('dialog button.primary')).click();
  await c.has('Replayed: 1');
  has('dead letters: one is replayed', await c.text('dialog td:nth-child(2)'), 'replayed');
  await c.press('Close');
  await c.closed();
}

async function statements() {
  await c.go('sql');
  await c.fill('Statement', 'SELECT topic, queueId, maxOffset FROM queues WHERE topic = \'orders\' ORDER BY queueId');
  await c.press('Run');
  await until('rows', async () => (await c.rows('broker-a')).length === 4);
  const status = mqadmin('topicStatus', '-t', 'orders').queues.filter(row => row.brokerName === 'broker-a');
  same('SQL: rows', (await c.rows('broker-a')).map(row => row[2]).join(), status.map(row => row.maxOffset).join());
  await c.fill('Statement', 'DELETE FROM queues');
  await c.press('Run');
  await c.page.waitForSelector('main [role="alert"]');
  report(true, 'SQL: nothing else than SELECT');
}

/* What the picture in a row of a list says; empty: there is none. */
function spark(list, name) {
  return c.page.evaluate((label, wanted) => {
    const table = [...document.querySelectorAll('table')].find(one => one.getAttribute('aria-label') === label && one.checkVisibility());
    const row = table && [...table.tBodies[0].rows].find(one => one.cells[0].textContent === wanted);
    const picture = row && row.querySelector('svg.spark');
    return picture && picture.querySelector('path') ? picture.getAttribute('aria-label') : '';
  }, list, name);
}

/* The list's picture has what mqadmin says; a step of the trends may end between the two. */
async function pictureIsRight(route, list, name, flags, part) {
  const wanted = () => {
    const values = mqadmin('trend', ...flags, '-p', '48').series.find(one => one.name === name)[part];
    return `24 hours: at most ${Math.max(...values).toLocaleString('en-US')}, now ${values[values.length - 1].toLocaleString('en-US')}`;
  };
  let got;
  await until(`a picture of ${name}`, async () => {
    await c.go(route);
    await until('drawn', async () => await spark(list, name) !== '');
    got = await spark(list, name);
    return got === wanted();
  });
  report(true, `sparklines: ${name}: ${got}`);
}

async function sparklines() {
  await pictureIsRight('topics', 'Topics', 'orders', ['-t', 'orders'], 'in');
  await pictureIsRight('groups', 'Consumer groups', 'idle-group', ['-g', 'idle-group'], 'lag');
  await pictureIsRight('cluster', 'Brokers', 'broker-a', [], 'in');
}

async function newer() {
  if (await c.page.$('[data-name="doctor"]')) {
    await c.go('doctor');
    same('doctor: findings', plain(await c.figure('Errors')), await c.page.$$eval('.finding.error', list => list.length));
    report(await c.page.$$eval('main table tbody tr', list => list.length) > 5, 'doctor: its checks');
  }
  if (await c.page.$('[data-name="trends"]')) {
    await c.go('trends');
    report(await c.page.$$eval('.chart', list => list.length) > 0, 'trends: of the brokers');
  }
}

/* What a program gets with this token. */
async function status(token) {
  const answer = await fetch(`${process.env.CONSOLE_URL}api/commands/topicList`, { headers: { Authorization: `Bearer ${token}` } });
  return answer.status;
}

const tokensOf = async name => ((await c.rows('Accounts')).find(row => row[0] === name) || [])[2] || '';

async function tokens() {
  await c.press('New token of rita');
  await c.fill('Label', 'nightly');
  await (await c.page.waitForSelector('dialog button.primary')).click();
  await c.page.waitForSelector('dialog code');
  const token = await c.text('dialog code');
  await c.press('Close');
  await c.closed();
  same('accounts: a program has the rights of a token', await status(token), 200);
  await until('listed', async () => (await tokensOf('rita')).startsWith('nightly ('));
  await c.press('Remove a token of rita');
  await (await c.page.waitForSelector('dialog button.danger')).click();
  await c.closed();
  await until('gone', async () => await tokensOf('rita') === '–');
  same('accounts: until it is removed', await status(token), 401);
}

async function operator(browser) {
  await c.press('Role of rita');
  await c.page.waitForSelector('dialog select');
  await c.fill('Role', 'operator');
  await (await c.page.waitForSelector('dialog button.primary')).click();
  await c.closed();
  await until('an operator', async () => (await c.rows('Accounts')).some(row => row[0] === 'rita' && row[1] === 'operator'));
  await c.press('Password of rita');
  await c.fill('New password', 'a-long-password-2');
  await (await c.page.waitForSelector('dialog button.primary')).click();
  await c.closed();
  const other = await Console.open(browser);
  await other.login('rita', 'a-long-password-1');
  await other.page.waitForSelector('.login [role="alert"]');
  report(true, 'accounts: the old password is refused');
  await other.fill('Password', 'a-long-password-2');
  await other.press('Log in');
  await other.shown();
  await other.go('groups/idle-group');
  same('accounts: an operator moves groups, and deletes none', await other.page.$$eval('.heading .button', list => list.map(one => one.textContent).join()), 'Rewind,Skip to the end,Change');
  await other.page.click('.account summary');
  await other.press('Change password');
  await other.fill('Old password', 'a-long-password-2');
  await other.fill('New password', 'a-long-password-3');
  await (await other.page.waitForSelector('dialog button.primary')).click();
  await other.closed();
  const again = await Console.open(browser);
  await again.login('rita', 'a-long-password-3');
  await again.shown();
  report(true, 'accounts: one changes the own password');
  await again.page.close();
  await other.page.close();
}

async function accounts(browser) {
  await c.go('accounts');
  await c.press('New account');
  await c.fill('Name', 'rita');
  await c.fill('Password', 'a-long-password-1');
  await c.press('Create');
  await c.closed();
  await until('there', async () => (await c.rows('Accounts')).some(row => row[0] === 'rita'));
  report(true, 'accounts: one is made');
  const reader = await Console.open(browser);
  await reader.login('rita', 'a-long-password-1');
  await reader.shown();
  await reader.go('topics');
  same('accounts: a reader is offered no change', await reader.page.$$eval('main .button', list => list.filter(one => one.textContent === 'New topic').length), 0);
  same('accounts: and no accounts', await reader.page.$$eval('[data-name="accounts"]', list => list.length), 0);
  await reader.page.click('.account summary');
  await reader.press('Log out');
  await reader.page.waitForSelector('.login form');
  report(true, 'logout');
  await reader.page.close();
  await tokens();
  await operator(browser);
  await c.press('Delete rita');
  await c.fill('Type “rita” to confirm', 'rita');
  await (await c.page.waitForSelector('dialog button.danger')).click();
  await c.closed();
  await until('gone', async () => !(await c.rows('Accounts')).some(row => row[0] === 'rita'));
  report(true, 'accounts: one is deleted');
}

async function nothingWrong() {
  await c.quiet('no error, and nothing that the policy of content refuses');
}

play([logsIn, cluster, broker, topics, topic, groups, group, producers, messages, transactions, parked, dead, statements, sparklines, newer, accounts, nothingWrong]);
