import {
  type BleuOptions,
  bleuTokenizers,
  type ChrfOptions,
  corpusBleu,
  corpusChrf,
  corpusTer,
  sentenceBleu,
  sentenceChrf,
} from '../../../src/metrics/index.ts';
import { type Case, type Compare, casesOfRows } from '../framework.ts';
import { refuseOthers, same } from './tables.ts';

/** Options by the names of sacreBLEU. */
type Options = Readonly<Record<string, unknown>>;
interface TranslationCase {
  readonly id: string;
  readonly hypotheses: readonly string[];
  readonly references: readonly string[][];
  readonly bleu: readonly {
    readonly options: Options;
    readonly score: number;
    readonly counts: readonly number[];
    readonly totals: readonly number[];
    readonly precisions: readonly number[];
    readonly bp: number;
    readonly sys_len: number;
    readonly ref_len: number;
    readonly signature: string;
  }[];
  readonly chrf: readonly { readonly options: Options; readonly score: number; readonly signature: string }[];
  readonly sentence_bleu: readonly number[];
  readonly sentence_chrf: readonly number[];
  readonly ter: number;
}
export interface TranslationFile {
  readonly tol: number;
  readonly cases: readonly TranslationCase[];
  readonly tokens: readonly ({ readonly text: string } & Readonly<Record<string, string>>)[];
}

/** `smooth_method` becomes `smoothMethod`. */
const camelCase = (options: Options): Options =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );

export const translationCases = ({ tol, cases, tokens }: TranslationFile): Case[] => [
  ...casesOfRows('translation.json', cases, (golden) => ({
    name: `translation ${golden.id}`,
    isOfNoBackend: true,
    run: (compare) => compareTranslation(golden, compare, tol),
  })),
  ...casesOfRows('translation.json, tokens', tokens, ({ text, ...expected }) => ({
    name: `tokens ${JSON.stringify(text)}`,
    isOfNoBackend: true,
    run: (compare) => {
      refuseOthers(expected, Object.keys(bleuTokenizers));
      for (const [name, tokenize] of Object.entries(bleuTokenizers)) {
        if (name in expected) compare(name, same(tokenize(text).join(' '), expected[name]), [1], 0);
      }
    },
  })),
];

function compareTranslation(golden: TranslationCase, compare: Compare, tol: number): void {
  const { hypotheses, references, bleu, chrf, sentence_bleu, sentence_chrf, ter } = golden;
  refuseOthers(golden, ['id', 'hypotheses', 'references', 'bleu', 'chrf', 'sentence_bleu', 'sentence_chrf', 'ter']);
  for (const { options, ...expected } of bleu) {
    const got = corpusBleu(hypotheses, references, camelCase(options) as BleuOptions);
    const what = `bleu ${JSON.stringify(options)}`;
    const { score, bp, sys_len, ref_len } = expected;
    compare(what, [got.score, got.bp, got.sysLen, got.refLen], [score, bp, sys_len, ref_len], tol);
    for (const name of ['counts', 'totals', 'precisions'] as const) {
      compare(`${what} ${name}`, got[name], expected[name], tol);
    }
    compare(`${what} ${got.signature}`, same(got.signature, expected.signature), [1], 0);
  }
  for (const { options, score, signature } of chrf) {
    const got = corpusChrf(hypotheses, references, camelCase(options) as ChrfOptions);
    compare(`chrf ${JSON.stringify(options)}`, [got.score], [score], tol);
    compare(`chrf ${got.signature}`, same(got.signature, signature), [1], 0);
  }
  const ofSentence = (score: typeof sentenceBleu | typeof sentenceChrf) =>
    hypotheses.map(
      (hypothesis, i) =>
        score(
          hypothesis,
          references.map((list) => list[i]),
        ).score,
    );
  compare('sentence_bleu', ofSentence(sentenceBleu), sentence_bleu, tol);
  compare('sentence_chrf', ofSentence(sentenceChrf), sentence_chrf, tol);
  compare('ter', [corpusTer(hypotheses, references).score], [ter], tol);
}
