import { join } from 'node:path';
import { computeMetrics, type MetricName } from '../../src/metrics/index.ts';
import { type Area, type Case, casesOfFiles, readJson } from './framework.ts';

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

export const metrics: Area = {
  name: 'metrics',
  backends: [['reference', {}]],
  cases: (golden) => {
    const folder = join(golden, 'metrics');
    return casesOfFiles(folder, {
      'glue.json': () => {
        const { tol, classification, regression } = readJson<GlueFile>(folder, 'glue.json');
        return [...classification, ...regression].map((metricCase) => glueCase(metricCase, tol));
      },
      'squad.json': () => [{ name: 'squad.json', missing: 'squad', run: () => {} }],
      'rouge.json': () => [{ name: 'rouge.json', missing: 'rouge', run: () => {} }],
    });
  },
};
