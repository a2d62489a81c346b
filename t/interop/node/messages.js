'use strict';

/*
 * The client for Node, ali-ons, against a running cluster whose topics are there: messages.js NAMESRV RUN.
 * It reports as Interop.java does.
 */
const { Consumer, Producer, Message } = require('ali-ons');

const [ , , namesrv, run ] = process.argv;
const options = {
  httpclient: {}, // only the cloud's addresses are asked for by HTTP
  nameSrv: namesrv.split(';'),
  accessKeyId: 'none',
  accessKeySecret: 'none',
  clientIP: '127.0.0.1',
  pollNameServerInteval: 1000,
  rebalanceInterval: 1000,
  logger: { info() {}, warn() {}, debug() {}, error() {} },
};
const plain = `T${run}_plain`;
const later = `T${run}_later`;

async function until(what, condition) {
  for (const end = Date.now() + 120000; !condition(); ) {
    if (Date.now() > end) throw new Error(`after 120 s: not ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

function consume(group, topic, expression, handle) {
  const consumer = new Consumer({ ...options, instanceName: group + run, consumerGroup: `T${run}_${group}` });
  consumer.on('error', () => {});
  consumer.subscribe(topic, expression, async message => handle(message.body.toString()));
}

async function main() {
  const all = new Map();
  const chosen = new Set();
  const delayed = new Map();
  consume('all', plain, '*', text => {
    all.set(text, (all.get(text) || 0) + 1);
    return text === 'plain7' && all.get(text) === 1 ? Consumer.ACTION_RETRY : undefined;
  });
  consume('chosen', plain, { expressionType: 'SQL92', subString: 'a BETWEEN 10 AND 19' }, text => { chosen.add(text); });
  consume('later', later, '*', text => { delayed.set(text, Date.now()); });

  const producer = new Producer({ ...options, instanceName: 'producer' + run, producerGroup: `T${run}_producer` });
  await producer.ready();
  for (let i = 0; i < 60; i++) {
    const message = new Message(plain, 'TagA', `plain${i}`);
    message.keys = [ `k${i}` ];
    message.properties.a = String(i);
    const result = await producer.send(message);
    if (result.sendStatus !== 'SEND_OK') throw new Error(`status of a send: ${result.sendStatus}`);
  }
  const due = new Map();
  for (let i = 0; i < 10; i++) {
    const message = new Message(later, 'TagA', `later${i}`);
    due.set(`later${i}`, Date.now() + 1500);
    message.setStartDeliverTime(Date.now() + 1500);
    await producer.send(message);
  }
  await until('all messages', () => all.size === 60);
  await until('a retry', () => all.get('plain7') === 2);
  await until('all that the expression says', () => chosen.size >= 10);
  if (chosen.size !== 10 || !chosen.has('plain10') || !chosen.has('plain19')) {
    throw new Error(`for the expression came ${[ ...chosen ]}`);
  }
  await until('all delayed messages', () => delayed.size === 10);
  for (const [ text, at ] of delayed) {
    if (at < due.get(text)) throw new Error(`${text} came ${due.get(text) - at} ms early`);
  }
  return '60 messages, one sent back, those of an SQL92 expression, and 10 at a time of their own';
}

main().then(detail => {
  console.log(`ok messages ${detail}`);
  process.exit(0);
}, error => {
  console.log(`not ok messages ${String(error).replace(/\n/g, ' ')}`);
  process.exit(1);
});
