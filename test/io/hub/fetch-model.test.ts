import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scanCacheDir } from '@huggingface/hub';
import { suite } from 'uvu';
import { fetchModel, resolveModelFolder, serializeSafetensors } from '../../../src/io/index.ts';
import { loadEncoder } from '../../../src/models/index.ts';
import { Random } from '../../../src/random/index.ts';
import {
  gitHash,
  Hub,
  type HubSession,
  type ServedRepository,
  setVariables,
  sha256,
  withHub,
} from '../../support/hub.ts';
import { assertRejectsInput } from '../../support/input-errors.ts';
import { tinyBert, tinyTensors, vocabulary } from '../../support/tiny-model.ts';
import { assertInputError } from '../input-error.ts';

const test = suite('fetchModel');

const weights = serializeSafetensors(tinyTensors());
const files = {
  'config.json': JSON.stringify(tinyBert),
  'vocab.txt': `${vocabulary.join('\n')}\n`,
  'model.safetensors': weights,
  'pytorch_model.bin': 'a pickle',
  'README.md': '# Tiny',
  'onnx/model.onnx': 'not needed',
};
const tiny: ServedRepository = { name: 'org/tiny', files };

/** The files of a model in the cache, below its folder. */
const blobsOf = ({ folder }: HubSession): string[] => {
  const blobs = join(folder('models--org--tiny'), 'blobs');
  return existsSync(blobs) ? readdirSync(blobs).sort() : [];
};

test('downloads what a model needs, in the layout of the Hugging Face cache', () =>
  withHub([tiny], async ({ hub, folder }) => {
    const commit = hub.commit('org/tiny');
    assert.equal(await fetchModel('org/tiny'), `org/tiny@${commit}`);

    const root = folder('models--org--tiny');
    const snapshot = join(root, 'snapshots', commit);
    assert.equal(readFileSync(join(root, 'refs', 'main'), 'utf8'), commit);
    assert.deepEqual(readdirSync(snapshot).sort(), ['config.json', 'model.safetensors', 'vocab.txt']);
    assert.deepEqual(
      readdirSync(join(root, 'blobs')).sort(),
      [gitHash(files['config.json']), gitHash(files['vocab.txt']), sha256(weights)].sort(),
    );
    assert.equal(readlinkSync(join(snapshot, 'model.safetensors')), join('..', '..', 'blobs', sha256(weights)));
    assert.deepEqual(new Uint8Array(readFileSync(join(snapshot, 'model.safetensors'))), weights);
    assert.ok(lstatSync(join(snapshot, 'config.json')).isSymbolicLink());
    assert.deepEqual(readdirSync(root).sort(), ['blobs', 'refs', 'snapshots']);

    const { repos, warnings } = await scanCacheDir(folder(''));
    assert.deepEqual(warnings, []);
    const [{ id, revisions, filesCount }] = repos;
    assert.deepEqual([id, filesCount], [{ type: 'model', name: 'org/tiny' }, 3]);
    assert.deepEqual(
      revisions.map(({ commitOid, refs }) => ({ commitOid, refs })),
      [{ commitOid: commit, refs: ['main'] }],
    );
  }));

test('a second time it asks nobody, not even for the newest commit', () =>
  withHub([tiny], async ({ hub }) => {
    const name = await fetchModel('org/tiny');
    const requests = hub.requests.length;
    assert.equal(await fetchModel('org/tiny'), name);
    assert.equal(await fetchModel(name), name);
    setVariables({ HF_HUB_OFFLINE: '1' });
    assert.equal(await fetchModel('org/tiny'), name);
    assert.equal(hub.requests.length, requests);
    const { model } = loadEncoder('org/tiny', new Random(1));
    assert.equal(model.config.hidden_size, 16);
    assert.equal(resolveModelFolder(name), resolveModelFolder('org/tiny'));
  }));

test('update asks for the newest commit, keeps the old one and downloads only what changed', () =>
  withHub([tiny], async ({ hub }) => {
    const old = await fetchModel('org/tiny');
    const config = JSON.stringify({ ...tinyBert, note: 'new' });
    hub.replace({ ...tiny, files: { ...files, 'config.json': config } });
    hub.sentBytes.clear();
    assert.equal(await fetchModel('org/tiny'), old);
    const updated = await fetchModel('org/tiny', { update: true });
    assert.equal(updated, `org/tiny@${hub.commit('org/tiny')}`);
    assert.deepEqual([...hub.sentBytes], [['config.json', config.length]]);
    assert.equal(await fetchModel('org/tiny'), updated);
    assert.equal(readFileSync(join(resolveModelFolder(old), 'config.json'), 'utf8'), files['config.json']);
    assert.equal(readFileSync(join(resolveModelFolder(updated), 'config.json'), 'utf8'), config);
  }));

test('a revision has a reference of its own', () =>
  withHub([tiny], async ({ hub, folder }) => {
    const commit = hub.commit('org/tiny');
    assert.equal(await fetchModel('org/tiny@refs/pr/1'), `org/tiny@${commit}`);
    assert.equal(readFileSync(join(folder('models--org--tiny'), 'refs', 'refs', 'pr', '1'), 'utf8'), commit);
    assert.ok(!existsSync(join(folder('models--org--tiny'), 'refs', 'main')));
    await assertRejectsInput(() => fetchModel('org/tiny@v9'), /has no revision 'v9' of org\/tiny/);
  }));

test('weights in several files come with their index', () => {
  const tensors = tinyTensors();
  const half = Math.ceil(tensors.length / 2);
  const parts = { 'a-00001.safetensors': tensors.slice(0, half), 'a-00002.safetensors': tensors.slice(half) };
  const map = Object.entries(parts).flatMap(([file, list]) => list.map(({ name }) => [name, file]));
  const { 'model.safetensors': _, ...rest } = files;
  const sharded = {
    ...rest,
    'model.safetensors.index.json': JSON.stringify({ weight_map: Object.fromEntries(map) }),
    ...Object.fromEntries(Object.entries(parts).map(([name, list]) => [name, serializeSafetensors(list)])),
    'other.safetensors': serializeSafetensors([]),
  };
  return withHub([{ name: 'org/tiny', files: sharded }], async () => {
    await fetchModel('org/tiny');
    const names = readdirSync(resolveModelFolder('org/tiny'));
    assert.ok(names.includes('a-00001.safetensors') && names.includes('a-00002.safetensors'));
    assert.ok(!names.includes('other.safetensors'));
    assert.ok(loadEncoder('org/tiny', new Random(1)).ignored.length === 0);
  });
});

test('tells how far it is', () =>
  withHub([tiny], async () => {
    const seen = new Map<string, number[]>();
    await fetchModel('org/tiny', {
      onProgress: (path, done, size) => {
        assert.equal(size, files[path as keyof typeof files].length);
        seen.set(path, [...(seen.get(path) ?? []), done]);
      },
    });
    assert.deepEqual([...seen.keys()], ['config.json', 'vocab.txt', 'model.safetensors']);
    const steps = seen.get('model.safetensors') ?? [];
    assert.deepEqual(
      [...steps].sort((a, b) => a - b),
      steps,
    );
    assert.equal(steps.at(-1), weights.length);
  }));

test('a broken connection is taken up where it was', () =>
  withHub([tiny], async ({ hub }) => {
    hub.faults.set('model.safetensors', { breakAfter: 5000, times: 3 });
    await fetchModel('org/tiny');
    assert.equal(hub.sentBytes.get('model.safetensors'), weights.length);
  }));

test('a download that was given up goes on from there the next time', () =>
  withHub([tiny], async (session) => {
    const { hub, folder } = session;
    // Every connection brings nothing after the first: two requests per attempt, so the first one is cut at 5000 bytes.
    hub.faults.set('model.safetensors', { breakAfter: 5000, times: 1 });
    const broken = fetchModel('org/tiny', {
      onProgress: (path, done) => {
        if (path === 'model.safetensors' && done === 5000) hub.faults.set(path, { breakAfter: 0 });
      },
    });
    await assertRejectsInput(
      () => broken,
      /download of model\.safetensors broke off at byte 5000 of \d+ .*run the command/,
    );
    const unfinished = `${sha256(weights)}.incomplete`;
    assert.ok(blobsOf(session).includes(unfinished));
    assert.ok(!blobsOf(session).includes(sha256(weights)));
    assert.ok(!existsSync(join(folder('models--org--tiny'), 'snapshots')));
    assertInputError(
      () => resolveModelFolder('org/tiny'),
      /nor whole in the cache .*sparse-adapter download org\/tiny/,
    );

    hub.faults.clear();
    await fetchModel('org/tiny');
    assert.equal(hub.sentBytes.get('model.safetensors'), weights.length);
    assert.ok(!blobsOf(session).includes(unfinished));
  }));

test('a connection that brings nothing more is given up and taken up again', () =>
  withHub(
    [tiny],
    async ({ hub }) => {
      hub.faults.set('model.safetensors', { stallAfter: 5000, times: 1 });
      await fetchModel('org/tiny');
      assert.equal(hub.sentBytes.get('model.safetensors'), weights.length);
    },
    { HF_HUB_DOWNLOAD_TIMEOUT: '0.3' },
  ));

test('content that is not what was announced is not kept', () =>
  withHub([tiny], async (session) => {
    const { hub } = session;
    const changed = weights.slice();
    changed[changed.length - 1] ^= 1;
    hub.faults.set('model.safetensors', { sends: changed });
    await assertRejectsInput(() => fetchModel('org/tiny'), /model\.safetensors does not have the content that the hub/);
    assert.deepEqual(blobsOf(session), [gitHash(files['config.json']), gitHash(files['vocab.txt'])].sort());

    hub.faults.set('model.safetensors', { sends: weights.slice(0, 100) });
    await assertRejectsInput(() => fetchModel('org/tiny'), /broke off at byte 100 of/);
    assert.ok(!blobsOf(session).includes(sha256(weights)));
    hub.faults.clear();

    const config = 'x'.repeat(files['config.json'].length);
    hub.faults.set('config.json', { sends: Buffer.from(config) });
    await fetchModel('org/tiny'); // its blob is there
  }));

test('what was left of another time may be wrong: then it starts again', () =>
  withHub([tiny], async (session) => {
    const blobs = join(session.folder('models--org--tiny'), 'blobs');
    mkdirSync(blobs, { recursive: true });
    writeFileSync(join(blobs, `${sha256(weights)}.incomplete`), 'garbage');
    writeFileSync(join(blobs, gitHash(files['vocab.txt'])), 'cut off');
    await fetchModel('org/tiny');
    assert.equal(session.hub.sentBytes.get('model.safetensors'), 2 * weights.length - 'garbage'.length);
    assert.ok(loadEncoder('org/tiny', new Random(1)));
  }));

test('refusals of the hub: one line with the remedy', async () => {
  const refusing = (status: number, code?: string, at: 'everything' | 'files' = 'everything'): ServedRepository => ({
    ...tiny,
    refuses: { status, code, at },
  });
  const places = /^org\/tiny is neither a folder nor an installed npm package, and http:/;
  const cases: [ServedRepository, RegExp][] = [
    [refusing(401), /shows no model org\/tiny: check the name; if it is private, set HF_TOKEN/],
    [refusing(401, 'GatedRepo', 'files'), /only to those who were granted access: .*HF_TOKEN/],
    [refusing(403, 'GatedRepo', 'files'), /only to those who were granted access: .*HF_TOKEN/],
    [{ ...tiny, name: 'org/other' }, /has no model org\/tiny: check the name/],
    [refusing(400), /answered 400 when asked for org\/tiny; try again later/],
  ];
  for (const [repository, pattern] of cases) {
    const isFirst = repository.refuses?.at !== 'files';
    await withHub([repository], () =>
      assertRejectsInput(() => fetchModel('org/tiny'), pattern, isFirst ? places : /^http:/),
    );
  }
});

test('nobody there, or somebody else: one line that names the places', async () => {
  const gone = new Hub();
  await withHub([tiny], async ({ hub }) => {
    await gone.start();
    const address = gone.address;
    await gone.stop();
    setVariables({ HF_ENDPOINT: address });
    await assertRejectsInput(
      () => fetchModel('org/tiny'),
      /^org\/tiny is neither a folder nor an installed npm package, and http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\); connect/,
    );
    setVariables({ HF_ENDPOINT: hub.address, HF_HUB_OFFLINE: 'yes' });
    await assertRejectsInput(
      () => fetchModel('org/tiny'),
      /^org\/tiny is neither a folder nor .*, and HF_HUB_OFFLINE forbids to ask .*the cache is/,
    );
    assert.equal(hub.requests.length, 0);
    setVariables({ HF_ENDPOINT: 'huggingface', HF_HUB_OFFLINE: undefined });
    await assertRejectsInput(() => fetchModel('org/tiny'), /HF_ENDPOINT is 'huggingface'; it must be an address/);
  });
});

test('a repository without a readable model: one line that says what is missing', async () => {
  const { 'model.safetensors': _, ...pickled } = files;
  const cases: [ServedRepository['files'], RegExp][] = [
    [pickled, /^org\/tiny has no safetensors weights, only pytorch_model\.bin; .*convert it/],
    [{ 'config.json': '{}' }, /has no safetensors weights, no weights/],
    [{ 'a.txt': 'x' }, /has no config\.json/],
    [{ ...pickled, 'a.safetensors': 'x', 'b.safetensors': 'y' }, /several weight files \(a\.safetensors, b\.saf/],
    [{ ...pickled, 'model.safetensors.index.json': '{"weight_map":{"w":"../../x"}}' }, /lacks \.\.\/\.\.\/x, which/],
    [{ ...pickled, 'model.safetensors.index.json': '{}' }, /has no "weight_map"/],
  ];
  for (const [content, pattern] of cases) {
    await withHub([{ name: 'org/tiny', files: content }], async ({ folder }) => {
      await assertRejectsInput(() => fetchModel('org/tiny'), pattern);
      assert.ok(!existsSync(join(folder('models--org--tiny'), 'snapshots')));
    });
  }
});

test('no path leaves the cache', async () => {
  for (const path of ['../../x', '/x', 'a/../../x', 'a//x', '..\\x', 'C:x', '.']) {
    await withHub([{ ...tiny, lists: [path] }], async ({ home }) => {
      await assertRejectsInput(() => fetchModel('org/tiny'), /The hub lists a file .* would lie outside/);
      assert.deepEqual(readdirSync(home), []);
    });
  }
  await withHub([tiny], async ({ hub }) => {
    for (const name of ['../tiny', 'org/..', 'org/a--b', 'org/tiny@../x', 'org/tiny@a@b', 'a/b/c', './tiny']) {
      await assertRejectsInput(() => fetchModel(name), /neither a folder nor an installed npm package; give the path/);
    }
    assert.equal(hub.requests.length, 0);
  });
});

test('a token goes to the hub alone', () =>
  withHub([tiny], async ({ hub, home }) => {
    writeFileSync(join(home, 'token'), 'hf_stored\n');
    await fetchModel('org/tiny');
    assert.deepEqual([...hub.authorizations], ['Bearer hf_stored']);
    setVariables({ HF_TOKEN: 'hf_variable' });
    await fetchModel('org/tiny', { update: true });
    assert.ok(hub.authorizations.has('Bearer hf_variable'));
    setVariables({ HF_TOKEN: 'secret' });
    await assertRejectsInput(() => fetchModel('org/tiny', { update: true }), /token must begin with hf_/);
    await fetchModel('org/tiny'); // asks nobody
  }));

test('a cache that cannot be written: one line with the remedy', () =>
  withHub([tiny], async ({ home }) => {
    writeFileSync(join(home, 'hub'), 'a file is in the way');
    await assertRejectsInput(
      () => fetchModel('org/tiny'),
      /Cannot write .*blobs, set HF_HOME to a folder that you may/,
    );
  }));

test.run();
