/**
 * Makes the project's copy of the reference numbers anew: `node test/golden/choose.ts ../shared/golden ../shared/golden-more`.
 * Areas that the engine has are copied whole. Of the others there is at least one case of each kind; the rest is run from where
 * it lies, through GOLDEN_DIR.
 */
import { chmodSync, cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, subfolders } from './framework.ts';

const MAX_BYTES = 15_000_000;

/** The kinds that a case is one of. From the smallest on, a case is taken that is the first of one of its kinds. */
type Kinds = (area: string, name: string) => string[];

/** The first two parts of a name: the model and the feature, `bert` and `fusion` of `bert-fusion-query`. */
const firstTwo: Kinds = (_area, name) => name.split('-', 2);

const each: Kinds = (_area, name) => [name];

/** The model and the method as PEFT names it; forms of LoRA, and what PEFT does not have, by the case's own name. */
const methodKinds: Kinds = (area, name) => {
  const isOfPeft = existsSync(join(area, name, 'adapter_config.json'));
  const type = isOfPeft ? readJson(area, name, 'adapter_config.json').peft_type : 'LORA';
  const { backbone } = readJson(area, name, 'case.json');
  return [`${backbone} ${type === 'LORA' ? name : type}`];
};

/** The model and its head: `DistilBert` and `ForQuestionAnswering`. */
const architectureKinds: Kinds = (area, name) => {
  const { architecture } = readJson<{ architecture: string }>(area, name, 'case.json');
  // Cases of other areas are adapters on these, and the engine has those.
  return ['gpt2_lm', 'llama_lm', 'bert_tokcls', 'bert_multilabel', 'roberta_tokcls', 'mbart_cg'].includes(name)
    ? [name]
    : architecture.split(/(?=For|LMHead|MTModel|Model)/);
};

/** The method, what it is for, and what is to become of it. */
const peftKinds: Kinds = (area, name) => {
  const { should, folder = '.' } = readJson<{ should: string; folder?: string }>(area, name, 'expected.json');
  const { peft_type, task_type } = readJson(area, name, folder, 'adapter_config.json');
  return [`${peft_type} ${task_type} ${should}`];
};

const areas: Readonly<Record<string, Kinds>> = {
  architectures: architectureKinds,
  methods: methodKinds,
  tokenizers: each,
  peft: peftKinds,
  adapterhub: firstTwo,
};

/** As a disk counts them, in blocks of 4 KiB. */
function bytesIn(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return Math.ceil(stat.size / 4096) * 4096;
  return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 4096);
}

/** The original may be read-only. */
function makeWritable(path: string): void {
  const isFolder = statSync(path).isDirectory();
  chmodSync(path, isFolder ? 0o755 : 0o644);
  if (isFolder) for (const name of readdirSync(path)) makeWritable(join(path, name));
}

/** The folders of an area that are left out: all but those that others share and those of new kinds. */
function leftOut(area: string, kindsOf: Kinds): string[] {
  const names = subfolders(area)
    .filter((name) => !name.startsWith('_'))
    .sort((a, b) => bytesIn(join(area, a)) - bytesIn(join(area, b)) || (a < b ? -1 : 1));
  const seen = new Set<string>();
  return names.filter((name) => {
    const before = seen.size;
    for (const kind of kindsOf(area, name)) seen.add(kind);
    return seen.size === before;
  });
}

function copy(from: string, to: string): void {
  const cases = subfolders(from)
    .filter((name) => Object.hasOwn(areas, name))
    .flatMap((name) => leftOut(join(from, name), areas[name]).map((folder) => join(from, name, folder)));
  // The list of files says nothing that the folder does not.
  const skipped = new Set([...cases, join(from, 'manifest.json')]);
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, filter: (path) => !skipped.has(path) });
  makeWritable(to);
  console.log(`${to}: ${cases.length} cases left out, ${bytesIn(to)} bytes`);
}

const [golden, more] = process.argv.slice(2);
if (!golden || !more) throw new Error('Usage: node test/golden/choose.ts <golden folder> <folder with more cases>');
const copies = [join(import.meta.dirname, 'data'), join(import.meta.dirname, 'more')];
copy(golden, copies[0]);
copy(more, copies[1]);
const total = copies.reduce((sum, folder) => sum + bytesIn(folder), 0);
if (total >= MAX_BYTES) throw new Error(`The copy has ${total} bytes; it must stay below ${MAX_BYTES}.`);
