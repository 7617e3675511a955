import { type Measured, type Measurement, measure } from '../measure.ts';
import { notes, type Part, ratioToFirst, takingPart } from '../part.ts';
import { peers } from '../peers.ts';
import { least } from '../statistics.ts';
import { digits, percent, type Table, times } from '../table.ts';

type Shape = readonly [m: number, n: number, k: number];

const nameOf = (shape: Shape): string => shape.join(' x ');

/** Operations of a measured product. */
const flop = ({ task }: Measured): number => (task.kind === 'gemm' ? 2 * task.m * task.n * task.k : Number.NaN);

/** GFLOP/s of the best round. */
export const bestSpeed = (measured: Measured): number => flop(measured) / least(measured.seconds) / 1e9;

/** The micro-kernel's best speed in all measurements, in GFLOP/s over all threads. */
export function peakSpeed(measurements: readonly Measurement[]): number {
  const probes = measurements.flatMap(({ runners }) => runners.filter(({ task }) => task.kind === 'peak'));
  return Math.max(...probes.flatMap(({ values }) => values));
}

/** Products x Wᵀ, in turns with the peers and with the micro-kernel alone. */
export const gemm: Part = {
  title: 'Matrix products',

  async measure(context) {
    const { plan, threads, onMeasure } = context;
    const measurements: Measurement[] = [];
    for (const shape of plan.gemm.shapes) {
      const [m, n, k] = shape;
      onMeasure(nameOf(shape));
      const [ours, ...others] = takingPart('gemm', context).map((peer) => ({
        label: peers[peer].title,
        peer,
        threads,
        task: { kind: 'gemm', m, n, k } as const,
      }));
      const probe = { label: 'micro-kernel', peer: 'ours', threads, task: { kind: 'peak' } } as const;
      measurements.push(await measure(nameOf(shape), [ours, probe, ...others], plan.gemm.effort));
    }
    return measurements;
  },

  tables(measurements): Table[] {
    const peak = peakSpeed(measurements);
    const products = measurements.map(({ name, runners }) => {
      const [ours, ...others] = runners.filter(({ task }) => task.kind === 'gemm');
      return { name, ours, others };
    });
    const head = products[0]?.others.map(({ label }) => label) ?? [];
    const rows = products.map(({ name, ours, others }) => [
      name,
      digits(bestSpeed(ours)),
      percent(bestSpeed(ours) / peak),
      ...others.map((other) => `${digits(bestSpeed(other))} (${times(ratioToFirst(other))})`),
    ]);
    return [
      {
        title: `GFLOP/s of the best round, and how many times as long a peer takes; the peak is ${digits(peak)} GFLOP/s`,
        head: ['m x n x k', 'sparse-adapter', 'of the peak', ...head],
        rows,
        notes: notes(measurements),
      },
    ];
  },
};
