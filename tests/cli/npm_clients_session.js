// Uses ioredis and node-redis as programs do, against the server at the port in the first argument. Prints "done".
'use strict';
const assert = require('node:assert');
const { setTimeout: sleep } = require('node:timers/promises');
const Redis = require('ioredis');
const { createClient } = require('redis');

const port = Number(process.argv[2]);

async function useIoredis() {
  const client = new Redis(port, '127.0.0.1');
  assert.equal(await client.set('a', '1'), 'OK');
  assert.equal(await client.incr('a'), 2);
  assert.deepEqual(await client.mget('a', 'absent'), ['2', null]);
  const piped = await client.pipeline().set('p', 'x').get('p').del('p').exec();
  assert.deepEqual(piped.map(([, answer]) => answer), ['OK', 'x', 1]);
  const done = await client.multi().set('m', '1').incrby('m', 4).exec();
  assert.deepEqual(done.map(([, answer]) => answer), ['OK', 5]);
  await assert.rejects(client.lpush('list', '1'), /unknown command/);
  let keys = 0;
  for await (const some of client.scanStream({ match: '*' })) keys += some.length;
  assert.equal(keys, 2);
  await client.set('short', 'lived', 'PX', 20);
  while ((await client.get('short')) !== null) await sleep(5);

  const subscriber = new Redis(port, '127.0.0.1');
  await subscriber.subscribe('news');
  const message = new Promise((resolve) => subscriber.on('message', (channel, text) => resolve(text)));
  await client.publish('news', 'hello');
  assert.equal(await message, 'hello');
  subscriber.disconnect();
  client.disconnect();
}

async function useNodeRedis(RESP) {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, RESP });
  await client.connect();
  assert.equal(await client.set('key', 'value'), 'OK');
  assert.equal(await client.get('key'), 'value');
  assert.equal(await client.del('key'), 1);
  assert.deepEqual(await client.multi().set('number', '1').incr('number').exec(), ['OK', 2]);
  let keys = [];
  for await (const some of client.scanIterator()) keys = keys.concat(some);
  assert.deepEqual(keys.sort(), ['a', 'm', 'number']);

  const subscriber = client.duplicate();
  await subscriber.connect();
  let tell;
  const message = new Promise((resolve) => { tell = resolve; });
  await subscriber.subscribe('news', tell);
  await client.publish('news', 'hello');
  assert.equal(await message, 'hello');
  await subscriber.close();
  await client.close();
}

async function main() {
  await useIoredis();
  for (const version of [2, 3]) await useNodeRedis(version);
  console.log('done');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
