import { join } from 'node:path';
import {
  computeMetrics,
  type MetricName,
  meanRouge,
  normalizeAnswer,
  porterStem,
  type RougeScores,
  rouge,
  squadScores,
} from '../../src/metrics/index.ts';
import { type Area, bothBackends, type Case, casesOfFiles, casesOfRows, readJson } from './framework.ts';
import { calibrationCases } from './metrics/calibration.ts';
import { contrastiveCases } from './metrics/contrastive.ts';
import { multilabelCases } from './metrics/multilabel.ts';
import { reportCases } from './metrics/report.ts';
import { retrievalCases } from './metrics/retrieval.ts';
import { squadV2Cases } from './metrics/squad-v2.ts';
import { same } from './metrics/tables.ts';
import { taggingCases } from './metrics/tagging.ts';
import { translationCases } from './metrics/translation.ts';

type MetricCase = { readonly id: string; readonly labels: number[]; readonly predictions: number[] } & Readonly<
  Partial<Record<MetricName, number | 'NaN' | null>>
>;
interface GlueFile {
  readonly tol: number;
  readonly classification: readonly MetricCase[];
  readonly regression: readonly MetricCase[];
}

const names: readonly MetricName[] = ['accuracy', 'f1', 'matthews', 'pearson', 'spearman'];

function glueCase(golden: MetricCase, tolerance: number): Case {
  return {
    name: `glue ${golden.id}`,
    isOfNoBackend: true,
    run: (compare) => {
      for (const name of names) {
        const expected = golden[name];
        if (expected === undefined || expected === null) continue;
        const got = computeMetrics([name], golden.predictions, golden.labels)[name];
        // An undefined correlation may be NaN or 0.
        const undefinedAsZero = expected === 'NaN' && got === 0;
        compare(
          name,
          [got],
          [expected === 'NaN' && !undefinedAsZero ? Number.NaN : Number(undefinedAsZero ? 0 : expected)],
          tolerance,
        );
      }
    },
  };
}

const glueCases = ({ tol, classification, regression }: GlueFile): Case[] =>
  casesOfRows('glue.json', [...classification, ...regression], (golden) => glueCase(golden, tol));

interface SquadCase {
  readonly prediction: string;
  readonly references: readonly string[];
  readonly normalized_prediction: string;
  readonly normalized_references: readonly string[];
  readonly exact_match: number;
  readonly f1: number;
}
interface SquadFile {
  readonly tol: number;
  readonly cases: readonly SquadCase[];
  /** In percent. */
  readonly aggregate: { readonly exact_match: number; readonly f1: number };
}

function squadCases({ tol, cases, aggregate }: SquadFile): Case[] {
  return [
    ...casesOfRows('squad.json', cases, (golden, i) => {
      const { prediction, references, normalized_prediction, normalized_references, exact_match, f1 } = golden;
      return {
        name: `squad ${i} ${JSON.stringify(prediction)}`,
        isOfNoBackend: true,
        run: (compare) => {
          const scores = squadScores([prediction], [references]);
          compare('normalized prediction', same(normalizeAnswer(prediction), normalized_prediction), [1], 0);
          references.forEach((reference, r) => {
            const normalized = same(normalizeAnswer(reference), normalized_references[r]);
            compare(`normalized reference ${r}`, normalized, [1], 0);
          });
          compare('exact_match', [scores.exact_match], [exact_match], tol);
          compare('f1', [scores.f1], [f1], tol);
        },
      };
    }),
    {
      name: 'squad aggregate',
      isOfNoBackend: true,
      run: (compare) => {
        const all = squadScores(
          cases.map(({ prediction }) => prediction),
          cases.map(({ references }) => references),
        );
        compare('exact_match', [100 * all.exact_match], [aggregate.exact_match], 100 * tol);
        compare('f1', [100 * all.f1], [aggregate.f1], 100 * tol);
      },
    },
  ];
}

type Stemming = 'plain' | 'stemmer';
interface RougeFile {
  readonly tol: number;
  readonly cases: readonly ({ readonly reference: string; readonly hypothesis: string } & Readonly<
    Record<Stemming, RougeScores>
  >)[];
  readonly mean_fmeasure: Readonly<Record<Stemming, Readonly<Record<keyof RougeScores, number>>>>;
  /** Words and their stems. */
  readonly porter: readonly (readonly [string, string])[];
}

const kinds: readonly (keyof RougeScores)[] = ['rouge1', 'rouge2', 'rougeL', 'rougeLsum'];
const stemmings: readonly Stemming[] = ['plain', 'stemmer'];

function rougeCases({ tol, cases, mean_fmeasure, porter }: RougeFile): Case[] {
  return [
    ...casesOfRows('rouge.json', cases, (golden, i) => {
      const { reference, hypothesis } = golden;
      return {
        name: `rouge ${i} ${JSON.stringify(hypothesis)}`,
        isOfNoBackend: true,
        run: (compare) => {
          for (const stemming of stemmings) {
            const got = rouge(hypothesis, reference, { stemmer: stemming === 'stemmer' });
            for (const kind of kinds) {
              const numbers = ({ precision, recall, fmeasure }: RougeScores[typeof kind]) => [
                precision,
                recall,
                fmeasure,
              ];
              compare(`${stemming} ${kind}`, numbers(got[kind]), numbers(golden[stemming][kind]), tol);
            }
          }
        },
      };
    }),
    {
      name: 'rouge mean',
      isOfNoBackend: true,
      run: (compare) => {
        for (const stemming of stemmings) {
          const got = meanRouge(
            cases.map(({ hypothesis }) => hypothesis),
            cases.map(({ reference }) => reference),
            { stemmer: stemming === 'stemmer' },
          );
          for (const kind of kinds) compare(`${stemming} ${kind}`, [got[kind]], [mean_fmeasure[stemming][kind]], tol);
        }
      },
    },
    ...casesOfRows('rouge.json, porter', porter, ([word, stem]) => ({
      name: `porter ${word}`,
      isOfNoBackend: true,
      run: (compare) => compare('stem', same(porterStem(word), stem), [1], 0),
    })),
  ];
}

/** float64 too, in which the losses are compared more strictly. */
const backends: Area['backends'] = [...bothBackends, ['reference', { dtype: 'float64' }]];

export const metrics: Area = {
  name: 'metrics',
  backends,
  cases: (golden) => {
    const folder = join(golden, 'metrics');
    const reader =
      <File>(name: string, read: (file: File) => Case[]) =>
      () =>
        read(readJson<File>(folder, name));
    return casesOfFiles(folder, {
      'calibration.json': reader('calibration.json', calibrationCases),
      'contrastive.json': reader('contrastive.json', contrastiveCases),
      'glue.json': reader('glue.json', glueCases),
      'multilabel.json': reader('multilabel.json', multilabelCases),
      'report.json': reader('report.json', reportCases),
      'retrieval.json': reader('retrieval.json', retrievalCases),
      'rouge.json': reader('rouge.json', rougeCases),
      'squad.json': reader('squad.json', squadCases),
      'squad_v2.json': reader('squad_v2.json', squadV2Cases),
      'tagging.json': reader('tagging.json', taggingCases),
      'translation.json': reader('translation.json', translationCases),
    });
  },
};
