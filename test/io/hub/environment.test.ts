import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { CachedRepository } from '../../../src/io/hub/cache.ts';
import { hubEnvironment } from '../../../src/io/hub/environment.ts';
import { parseHubName } from '../../../src/io/hub/repository.ts';
import { forAll } from '../../support/property.ts';
import { assertInputError } from '../input-error.ts';
import { temporaryFolder } from '../temporary.ts';

const test = suite('hub: variables and names');

test('the cache is where the variables say, the more special one first', () => {
  const cases: [NodeJS.ProcessEnv, string][] = [
    [{}, join(homedir(), '.cache', 'huggingface', 'hub')],
    [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/x', HF_HOME: '/h' }, '/h/hub'],
    [{ HF_HOME: '~/h' }, join(homedir(), 'h', 'hub')],
    [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
    [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/c' }, '/c'],
    [{ HF_HOME: '/h', HF_HUB_CACHE: '' }, '/h/hub'],
  ];
  for (const [variables, cache] of cases) assert.equal(hubEnvironment(variables).cache, cache);
});

test('the token is that of the variable, or that of a file', () => {
  const home = temporaryFolder({ token: 'hf_home\n', other: 'hf_other', empty: '\n' });
  const token = (variables: NodeJS.ProcessEnv) => hubEnvironment({ HF_HOME: home, ...variables }).token;
  assert.equal(token({}), 'hf_home');
  assert.equal(token({ HF_TOKEN_PATH: join(home, 'other') }), 'hf_other');
  assert.equal(token({ HF_TOKEN_PATH: join(home, 'empty') }), undefined);
  assert.equal(token({ HF_TOKEN_PATH: join(home, 'none') }), undefined);
  assert.equal(token({ HF_TOKEN: ' hf_variable ' }), 'hf_variable');
});

test('address, offline and seconds', () => {
  assert.equal(hubEnvironment({}).endpoint, 'https://huggingface.co');
  assert.equal(hubEnvironment({ HF_ENDPOINT: 'http://mirror/hf/' }).endpoint, 'http://mirror/hf');
  for (const text of ['1', 'ON', 'yes', 'True']) assert.ok(hubEnvironment({ HF_HUB_OFFLINE: text }).offline);
  for (const text of ['0', 'no', '']) assert.ok(!hubEnvironment({ HF_HUB_OFFLINE: text }).offline);
  assert.deepEqual(
    [{}, { HF_HUB_DOWNLOAD_TIMEOUT: '2.5' }].map((v) => hubEnvironment(v).timeout),
    [10_000, 2500],
  );
  for (const text of ['mirror', 'ftp://mirror', '/mirror']) {
    assertInputError(() => hubEnvironment({ HF_ENDPOINT: text }), /HF_ENDPOINT is '.*'; it must be an address/);
  }
  for (const text of ['0', '-1', 'soon']) {
    assertInputError(() => hubEnvironment({ HF_HUB_DOWNLOAD_TIMEOUT: text }), /must be a number of seconds/);
  }
});

test('names of the hub', () => {
  const parsed = (text: string) => parseHubName(text, 'model');
  assert.deepEqual(parsed('org/a.b-c_1'), { type: 'model', name: 'org/a.b-c_1', revision: 'main' });
  assert.deepEqual(parsed('org/name@v1.0'), { type: 'model', name: 'org/name', revision: 'v1.0' });
  assert.equal(parsed('org/name@refs/pr/1')?.revision, 'refs/pr/1');
  for (const text of ['name', '@org/name', '/org/name', 'org/name/', 'org//name', 'org/name@', 'org/na me', 'C:/x']) {
    assert.equal(parsed(text), undefined, text);
  }
});

test('whatever the name, its files stay in the folder of the cache', () => {
  const piece = fc.oneof(
    fc.constantFrom('..', '.', '/', '\\', '--', '@', 'a', 'refs', '\0'),
    fc.string({ maxLength: 3 }),
  );
  const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
  let seen = 0;
  forAll(
    fc.tuple(text, text, text),
    ([org, name, revision]) => {
      const repository =
        parseHubName(`${org}/${name}@${revision}`, 'dataset') ?? parseHubName(`a/${name}@b`, 'dataset');
      if (!repository) return;
      seen++;
      const { folder } = new CachedRepository('/cache', repository);
      assert.equal(resolve(folder, '..'), resolve('/cache'));
      assert.equal(resolve(folder).split(sep).length, 3);
      const reference = resolve(folder, 'refs', repository.revision);
      assert.ok(reference.startsWith(resolve(folder, 'refs') + sep), reference);
    },
    2000,
  );
  assert.ok(seen > 50, `only ${seen} names were accepted`);
});

test.run();
