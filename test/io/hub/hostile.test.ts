import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import { InputError } from '../../../src/errors.ts';
import { fetchModel, serializeSafetensors } from '../../../src/io/index.ts';
import { gitHash, type Hub, type HubSession, sha256, withHub } from '../../support/hub.ts';
import { tinyBert, tinyTensors, vocabulary } from '../../support/tiny-model.ts';

const test = suite('a hub that means no good');

const weights = serializeSafetensors(tinyTensors());
const files = {
  'config.json': JSON.stringify(tinyBert),
  'vocab.txt': `${vocabulary.join('\n')}\n`,
  'model.safetensors': weights,
};
const token = 'hf_secretsecret';

/** Runs with a hub that answers by `hook` where that returns true. */
const withHostile = (
  hook: (request: IncomingMessage, response: ServerResponse, url: URL, hub: Hub) => boolean,
  action: (session: HubSession) => Promise<void>,
  variables: Readonly<Record<string, string>> = {},
) =>
  withHub(
    [{ name: 'org/tiny', files }],
    async (session) => {
      session.hub.hook = (request, response, url) => hook(request, response, url, session.hub);
      await action(session);
    },
    { HF_TOKEN: token, ...variables },
  );

/** The one line of the refusal, in which no control character and no token is. */
async function refusal(): Promise<string> {
  try {
    await fetchModel('org/tiny');
  } catch (error) {
    assert.ok(error instanceof InputError, error instanceof Error ? error.stack : String(error));
    assert.doesNotMatch(error.message, /\p{Cc}/u);
    assert.ok(!error.message.includes('secret'), error.message);
    return error.message;
  }
  throw new Error('It was not refused.');
}

const isListing = ({ pathname }: URL): boolean => pathname.includes('/tree/');
const send = (response: ServerResponse, value: unknown): true => {
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));
  return true;
};
const entry = (path: string, more: object = {}) => ({ type: 'file', path, size: 1, oid: gitHash('x'), ...more });
const own = Object.entries(files).map(([path, content]) =>
  entry(path, {
    size: Buffer.from(content as Uint8Array).length,
    oid: gitHash(content),
    ...(path.endsWith('.safetensors') && { lfs: { oid: sha256(content), size: weights.length } }),
  }),
);
const listing = (entries: readonly unknown[]) => (_request: IncomingMessage, response: ServerResponse, url: URL) =>
  isListing(url) && send(response, entries);

/** Another server, which notes the tokens that it gets, and says that it is a part of the hub. */
async function withOther(action: (address: string, tokens: string[]) => Promise<void>): Promise<void> {
  const tokens: string[] = [];
  const server = createServer((request, response) => {
    tokens.push(request.headers.authorization ?? 'none');
    response.setHeader('X-Cache', 'Hit from cloudfront').setHeader('ETag', `"${sha256(weights)}"`);
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (request.url?.includes('tree')) return response.end('[]');
    if (first === undefined) return response.end(weights);
    response.setHeader('Content-Range', `bytes ${first}-${last}/${weights.length}`);
    return response.writeHead(206).end(weights.subarray(Number(first), Number(last) + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await action(`http://localhost:${(server.address() as AddressInfo).port}`, tokens);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('the token goes to no other host: a redirection that says it is the hub', () =>
  withOther((other, tokens) =>
    withHostile(
      (_request, response, { pathname }) => {
        if (!pathname.endsWith('model.safetensors')) return false;
        response.writeHead(302, { Location: `${other}/blob` }).end();
        return true;
      },
      async ({ hub }) => {
        await fetchModel('org/tiny');
        assert.ok(tokens.length >= 2);
        assert.deepEqual([...new Set(tokens)], ['none']);
        assert.deepEqual([...hub.authorizations], [`Bearer ${token}`]);
      },
    ),
  ));

test('the token goes to no other host: a list that goes on elsewhere', () =>
  withOther((other, tokens) =>
    withHostile(
      (_request, response, url) => {
        if (!isListing(url)) return false;
        response.setHeader('Link', `<${other}/tree>; rel="next"`);
        return send(response, own);
      },
      async () => {
        await fetchModel('org/tiny');
        assert.deepEqual(tokens, ['none']);
      },
    ),
  ));

test('a list without an end', () => {
  let page = 0;
  return withHostile(
    (_request, response, url, hub) => {
      if (!isListing(url)) return false;
      response.setHeader('Link', `<${hub.address}${url.pathname}?cursor=${page++}>; rel="next"`);
      return send(response, [entry(`f${page}`)]);
    },
    async ({ hub }) => {
      assert.match(await refusal(), /has no end of its list of files/);
      assert.ok(hub.requests.length <= 1002, `${hub.requests.length} requests`);
    },
    { HF_HUB_DOWNLOAD_TIMEOUT: '30' },
  );
});

test('a list of which a page leads to itself', () =>
  withHostile(
    (_request, response, url, hub) => {
      if (!isListing(url)) return false;
      response.setHeader('Link', `<${hub.address}${url.pathname}?cursor=1>; rel="next"`);
      return send(response, own);
    },
    async ({ hub }) => {
      assert.match(await refusal(), /has no end of its list of files/);
      assert.ok(hub.requests.length <= 4);
    },
  ));

test('an answer that does not end', () =>
  withHostile(
    (_request, response, url) => {
      if (!isListing(url)) return false;
      const block = Buffer.alloc(2 ** 20, ' ');
      const pump = () => {
        while (!response.destroyed && response.write(block));
      };
      response.on('drain', pump);
      pump();
      return true;
    },
    async () => assert.match(await refusal(), /an answer of more than 67108864 bytes/),
    { HF_HUB_DOWNLOAD_TIMEOUT: '60' },
  ));

for (const path of ['config.json', 'vocab.txt', 'model.safetensors']) {
  test(`a ${path} of 1e15 bytes is not begun`, () =>
    withHostile(
      listing(own.map((file) => (file.path === path ? entry(path, { size: 1e15 }) : file))),
      async ({ hub }) => {
        assert.match(await refusal(), new RegExp(`${path}.*1000000000000000 bytes`));
        assert.ok(!hub.requests.some((request) => request.endsWith(path)));
      },
    ));
}

test('a file that breaks off after each byte is given up', () =>
  withHostile(
    () => false,
    async ({ hub }) => {
      hub.faults.set('vocab.txt', { breakAfter: 1 });
      assert.match(await refusal(), /vocab\.txt broke off at byte \d+ of \d+/);
    },
  ));

test('a file that stalls after each byte is given up', () =>
  withHostile(
    () => false,
    async ({ hub }) => {
      hub.faults.set('vocab.txt', { stallAfter: 1 });
      assert.match(await refusal(), /vocab\.txt broke off .* \(no byte arrived for 0\.3 s\)/);
    },
    { HF_HUB_DOWNLOAD_TIMEOUT: '0.3' },
  ));

test('a file that comes a byte at a time is given up', () =>
  withHostile(
    (request, response, { pathname }) => {
      if (!pathname.endsWith('vocab.txt') || request.headers.range === 'bytes=0-0') return false;
      response.writeHead(200, { 'Content-Length': 1000 });
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
      return true;
    },
    async () => assert.match(await refusal(), /vocab\.txt broke off .* \(only \d+ bytes arrived in 0\.6 s\)/),
    { HF_HUB_DOWNLOAD_TIMEOUT: '0.1' },
  ));

test('Retry-After is waited for', () => {
  const times: number[] = [];
  return withHostile(
    (_request, response, { pathname }) => {
      if (!pathname.includes('/revision/')) return false;
      times.push(performance.now());
      if (times.length > 1) return false;
      response.writeHead(429, { 'Retry-After': '2' }).end();
      return true;
    },
    async () => {
      await fetchModel('org/tiny');
      const waited = times[1] - times[0];
      assert.ok(waited >= 1990, `${waited} ms`);
    },
  );
});

const anHour = { seconds: () => '3600', date: () => new Date(Date.now() + 3_600_000).toUTCString() };
for (const [form, value] of Object.entries(anHour)) {
  test(`Retry-After of an hour is told, not waited for, as ${form}`, () =>
    withHostile(
      (_request, response) => {
        response.writeHead(503, { 'Retry-After': value() }).end();
        return true;
      },
      async ({ hub }) => {
        assert.match(await refusal(), /answered 503 .*try again in 3[56]\d\d s, as it asks for/);
        assert.equal(hub.requests.length, 1);
      },
    ));
}

test('a token that cannot be sent is not shown', () =>
  withHostile(
    () => false,
    async () => assert.match(await refusal(), /token must begin with hf_ and be one word/),
    { HF_TOKEN: 'hf_secret\nX-Evil: 1' },
  ));

test('an address with a password is not shown', () =>
  withHostile(
    () => false,
    async () => assert.match(await refusal(), /HF_ENDPOINT must be an address without/),
    { HF_ENDPOINT: 'https://me:secret@hub.example' },
  ));

const echoes: [string, (url: URL, response: ServerResponse) => boolean][] = [
  ['as a body', (url, response) => isListing(url) && !!response.end(`${token} ${token}`)],
  ['as a body, escaped', (url, response) => isListing(url) && !!response.end(`"${token.replaceAll('s', '\\u0073')}`)],
  ['as the name of a file', (url, response) => isListing(url) && send(response, [...own, entry(`x/${token}`)])],
  ['as the size of a file', (url, response) => isListing(url) && send(response, [entry('a', { size: token })])],
  ['as a commit', ({ pathname }, response) => pathname.includes('/revision/') && send(response, { sha: token })],
];
for (const [name, echo] of echoes) {
  test(`a token that comes back is not shown: ${name}`, () =>
    withHostile(
      (_request, response, url) => echo(url, response),
      async () => assert.ok((await refusal()).length > 0),
    ));
}

const lists: [string, readonly unknown[], RegExp][] = [
  ['null', [null], /files of org\/tiny must be an object, not null/],
  ['a number', [1], /must be an object, not 1/],
  ['no path', [{ type: 'file', size: 1, oid: gitHash('x') }], /path is missing/],
  ['a negative size', [entry('a', { size: -1 })], /size must be a whole number, 0 or more, not -1/],
  ['half a byte', [entry('a', { size: 1.5 })], /size must be a whole number, 0 or more, not 1.5/],
  ['a hash that is a path', [entry('a', { oid: '../../x' })], /oid must be the hexadecimal digits/],
  ['no hash', [{ type: 'file', path: 'a', size: 1 }], /'a' without a hash/],
  ['escape codes', [...own, entry('../\u001b]0;pwn\u0007\u001b[31m\nerror: fake')], /'\.\.\/\\u001b\]0;pwn\\u0007/],
  ['a sign that turns text', [...own, entry('../\u202egnp.exe')], /\\u202egnp/],
];
for (const [name, entries, message] of lists) {
  test(`a list with ${name}`, () => withHostile(listing(entries), async () => assert.match(await refusal(), message)));
}

test.run();
