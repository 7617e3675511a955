import { basename, join } from 'node:path';
import { add, grad, hvp, Random, type Tensor, tidy } from '../../src/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import { packPadded } from '../../src/models/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import {
  apportion,
  erdosRenyiDensities,
  grasp,
  lowestRemoved,
  magnitude,
  paperLiteralDensities,
  prunedCount,
  type Score,
  selectMasks,
  snip,
  snipPaperLiteral,
} from '../../src/pruning/index.ts';
import { type CountRow, countCase } from './counts.ts';
import {
  type Area,
  bothBackends,
  type Case,
  type Compare,
  caseFolders,
  casesOfFiles,
  casesOfRows,
  floorTolerance,
  readJson,
} from './framework.ts';
import { type AdapterSpec, adaptedClassifier, type LabelledBatch, storedName } from './models.ts';

interface ScoreCase {
  readonly adapter: string;
  readonly expected: string;
  readonly spec: AdapterSpec;
  readonly batches: readonly LabelledBatch[];
  readonly results: Readonly<Record<string, ScopeResult>>;
}
interface ScopeResult {
  readonly loss: number;
  readonly param_order: readonly string[];
  readonly N: number;
  readonly kinds: Readonly<Record<string, KindResult>>;
  readonly tol: { readonly grad: number; readonly hg: number };
}
interface KindResult {
  readonly importance: string;
  readonly score_tol: number;
  readonly sparsity: Readonly<Record<string, Threshold>>;
}

interface Threshold {
  readonly n_prune: number;
  readonly last_pruned_importance: number;
  readonly first_kept_importance: number;
}

const scores: Readonly<Record<string, Score>> = { magnitude, snip_abs: snip, snip_signed: snipPaperLiteral, grasp };

async function runScores(folder: string, golden: ScoreCase, compare: Compare): Promise<void> {
  const { model, adapter } = adaptedClassifier(folder, join(folder, golden.adapter), golden.spec);
  const expected = openSafetensors(join(folder, golden.expected));
  for (const [key, result] of Object.entries(golden.results)) {
    const parameters = result.param_order.map(
      (name) => adapter.parameters.find((p) => storedName(golden.spec, p) === name) as Parameter,
    );
    const batches = key.endsWith('batch0') ? golden.batches.slice(0, 1) : golden.batches;
    const losses = batches.map(
      (batch) => () => model.loss(model.forward(packPadded(batch, model.encoder.positionIds)), batch.labels),
    );
    compareDerivatives(
      key,
      result.param_order,
      parameters,
      losses,
      result,
      (name) => expected.readFloat32(name),
      compare,
    );
    for (const [kind, { importance, score_tol, sparsity }] of Object.entries(result.kinds)) {
      if (!Object.hasOwn(scores, kind)) throw new Error(`Unknown score ${kind}`);
      const z = await scores[kind]({ parameters, random: new Random(0), losses });
      // Ours is an importance; where the file's z is one with the opposite sign it says so.
      const sign = importance.startsWith('-z') ? -1 : 1;
      parameters.forEach((parameter, i) => {
        const stored = `${key}/score/${kind}/${storedName(golden.spec, parameter)}`;
        if (expected.has(stored))
          compare(
            stored,
            z[i].map((value) => sign * value),
            expected.readFloat32(stored),
            score_tol,
          );
      });
      const ascending = Float64Array.from(z.flatMap((values) => [...values])).sort();
      for (const [s, { n_prune, last_pruned_importance, first_kept_importance }] of Object.entries(sparsity)) {
        compare(
          `${key}/threshold/${kind}/${s}`,
          ascending.subarray(n_prune - 1, n_prune + 1),
          [last_pruned_importance, first_kept_importance],
          score_tol,
        );
        const global = selectMasks(z, Number(s), 'global').flatMap((mask) => [...mask]);
        const perLayer = selectMasks(z, Number(s), 'layer').flatMap((mask) => [...mask]);
        compare(`${key}/n_prune/${kind}/${s}`, [global.filter((m) => m === 0).length], [n_prune], 0);
        compare(`${key}/mask_global/${kind}/${s}`, global, expected.readRaw(`${key}/mask_global/${kind}/${s}`), 0);
        compare(
          `${key}/mask_per_layer/${kind}/${s}`,
          perLayer,
          expected.readRaw(`${key}/mask_per_layer/${kind}/${s}`),
          0,
        );
      }
    }
  }
}

function compareDerivatives(
  key: string,
  names: readonly string[],
  parameters: readonly Parameter[],
  losses: readonly (() => Tensor)[],
  { loss: expectedLoss, tol }: ScopeResult,
  expected: (name: string) => Float32Array,
  compare: Compare,
): void {
  tidy(() => {
    const leaves = parameters.map(({ value }) => value);
    const loss = () => losses.map((f) => f()).reduce((a, b) => add(a, b));
    const g = grad(loss(), leaves);
    const hg = hvp(loss, leaves, g);
    compare(`${key}/loss`, loss().dataSync(), [expectedLoss], floorTolerance([expectedLoss]));
    names.forEach((name, i) => {
      compare(`${key}/grad/${name}`, g[i].dataSync(), expected(`${key}/grad/${name}`), tol.grad);
      compare(`${key}/hg/${name}`, hg[i].dataSync(), expected(`${key}/hg/${name}`), tol.hg);
    });
  });
}

interface TieCase {
  readonly name: string;
  readonly scores: number[];
  readonly sparsity: number;
  readonly exact: { readonly n_prune: number; readonly mask: number[] };
}

function tieCase({ name, scores: z, sparsity, exact }: TieCase): Case {
  return {
    name: `ties ${name} ${sparsity}`,
    run: (compare) => {
      // Removing everything is not a sparsity of ours, but the selection can.
      if (sparsity < 1) compare('n_prune', [prunedCount(sparsity, z.length)], [exact.n_prune], 0);
      compare('mask', lowestRemoved(Float64Array.from(z), exact.n_prune), exact.mask, 0);
    },
  };
}

interface ErdosRenyiCase {
  readonly name: string;
  readonly shapes: number[][];
  readonly overall_sparsity: number;
  readonly rule: string;
  readonly layer_density: number[];
  readonly layer_params: number[];
  readonly layer_keep_rounded: number[];
}

const rules: Readonly<Record<string, typeof erdosRenyiDensities>> = {
  rigl: erdosRenyiDensities,
  paper_linear: paperLiteralDensities,
};

function erdosRenyiCase(golden: ErdosRenyiCase, tolerance: number): Case {
  const { name, shapes, overall_sparsity, rule, layer_params } = golden;
  return {
    name: `er ${name} ${rule} ${overall_sparsity}`,
    run: (compare) => {
      if (!Object.hasOwn(rules, rule)) throw new Error(`er.json: unknown rule ${rule}`);
      const densities = rules[rule](shapes, overall_sparsity);
      compare('layer_density', densities, golden.layer_density, tolerance);
      const kept = densities.map((density, i) => Math.floor(density * layer_params[i] + 0.5));
      compare('layer_keep_rounded', kept, golden.layer_keep_rounded, 0);
      // Our own counts meet the budget exactly and differ from plain rounding by at most one.
      const total = layer_params.reduce((sum, n) => sum + n, 0);
      const pruned = apportion(layer_params, densities, prunedCount(overall_sparsity, total));
      compare(
        'apportioned',
        pruned.map((count, i) => layer_params[i] - count),
        golden.layer_keep_rounded,
        1,
      );
      compare('total', [pruned.reduce((sum, n) => sum + n, 0)], [prunedCount(overall_sparsity, total)], 0);
    },
  };
}

export const pruning: Area = {
  name: 'pruning',
  backends: bothBackends,
  cases: (golden) => {
    const folder = join(golden, 'pruning');
    return [
      ...caseFolders(folder).map(
        (path): Case => ({
          name: basename(path),
          run: (compare) => runScores(path, readJson<ScoreCase>(path, 'case.json'), compare),
        }),
      ),
      ...casesOfFiles(folder, {
        'ties.json': () => casesOfRows('ties.json', readJson<{ cases: TieCase[] }>(folder, 'ties.json').cases, tieCase),
        'er.json': () => {
          const { tol, cases } = readJson<{ tol: number; cases: ErdosRenyiCase[] }>(folder, 'er.json');
          return casesOfRows('er.json', cases, (erCase) => erdosRenyiCase(erCase, tol));
        },
        'counts.json': () =>
          casesOfRows('counts.json', readJson<{ rows: CountRow[] }>(folder, 'counts.json').rows, countCase),
      }),
    ];
  },
};
