import { type Measurement, measure, type Runner } from '../measure.ts';
import { type Context, find, notes, type Part, ratioToFirst, runnerFor, takingPart } from '../part.ts';
import { peers } from '../peers.ts';
import type { PeerName, SparsePlan } from '../plan.ts';
import { median } from '../statistics.ts';
import { digits, milliseconds, percent, type Table, times } from '../table.ts';
import type { AdapterTask } from '../tasks.ts';
import { taskOf } from './step.ts';

type Shape = SparsePlan['shapes'][number];

/** The fraction of weights that is kept in the whole steps and with two threads. */
const KEPT = 0.25;
const BACKBONES = ['ours', 'ours-int8'] as const;

const widthName = ({ rows, hidden, bottleneck }: Shape): string => `${rows} tokens, ${hidden} x ${bottleneck}`;
const threadsName = (shape: Shape, form: string): string => `threads: ${widthName(shape)}, ${form}`;
const stepName = (model: string, peer: PeerName): string => `step: ${model}, ${peers[peer].title}`;
const fewName = (kind: 'train' | 'forward', tokens: number): string =>
  `few: ${kind === 'train' ? 'training step' : 'forward pass'}, one text of ${tokens} tokens`;
const keptLabel = (density: number): string => `${percent(density)} kept`;

function adapterTask(
  { rows, hidden, bottleneck }: Omit<Shape, 'small'>,
  form: AdapterTask['form'],
  density = 1,
): AdapterTask & { readonly kind: 'adapter' } {
  return { kind: 'adapter', rows, hidden, bottleneck, form, sparsity: 1 - density };
}

/** The masked dense adapter of the same width first: all others are compared with it. */
function adapterRunners(shape: Shape, context: Context): Runner[] {
  const ours = (label: string, task: Runner['task']): Runner => ({ label, peer: 'ours', threads: 1, task });
  const others = takingPart('adapter', context).filter((peer) => peer !== 'ours');
  return [
    ours('masked', adapterTask(shape, 'masked', KEPT)),
    ours(`dense, ${shape.small} wide`, adapterTask({ ...shape, bottleneck: shape.small }, 'dense')),
    ...context.plan.sparse.densities.map((density) => ours(keptLabel(density), adapterTask(shape, 'sparse', density))),
    ...others.flatMap((peer) => [
      runnerFor(peer, 1, adapterTask(shape, 'masked', KEPT), 'masked'),
      runnerFor(peer, 1, adapterTask(shape, 'sparse', KEPT), `sparse CSR, ${keptLabel(KEPT)}`),
    ]),
  ];
}

/** Large-Sparse adapters beside masked dense ones of their width and small dense ones with as many weights. */
export const sparse: Part = {
  title: 'Sparse adapters',

  async measure(context) {
    const { sparse: plan } = context.plan;
    const measurements: Measurement[] = [];
    const add = async (name: string, runners: readonly Runner[]) => {
      context.onMeasure(name);
      measurements.push(await measure(name, runners, plan.effort));
    };
    for (const shape of plan.shapes) await add(widthName(shape), adapterRunners(shape, context));
    for (const form of ['sparse', 'masked'] as const) {
      const task = adapterTask(plan.shapes[0], form, KEPT);
      const runner = (threads: number): Runner => ({ label: `${threads} threads`, peer: 'ours', threads, task });
      await add(threadsName(plan.shapes[0], form), [runner(1), runner(2)]);
    }
    for (const { name, model, batch } of plan.steps) {
      for (const peer of takingPart('train', context, BACKBONES)) {
        const runner = (bottleneck: number, sparsity: number, what: string): Runner =>
          runnerFor(peer, context.threads, taskOf({ model, bottleneck, sparsity, batches: [batch] }, 'train'), what);
        await add(stepName(name, peer), [
          runner(plan.small, 0, `${plan.small} wide`),
          runner(plan.large, 0, `${plan.large} wide`),
          runner(plan.large, 1 - KEPT, `${plan.large} wide, ${keptLabel(KEPT)}`),
        ]);
      }
    }
    for (const tokens of plan.few.tokens) {
      for (const kind of ['train', 'forward'] as const) {
        const runner = (label: string, kept: number, openMasks: boolean): Runner => {
          const { model } = plan.few;
          const workload = { model, bottleneck: plan.large, sparsity: 1 - kept, openMasks, batches: [[tokens]] };
          return { label, peer: 'ours', threads: 1, task: taskOf(workload, kind) };
        };
        await add(fewName(kind, tokens), [
          runner('masked', KEPT, true),
          runner('dense', 1, true),
          ...plan.densities.filter((kept) => kept < 1).map((kept) => runner(keptLabel(kept), kept, false)),
        ]);
      }
    }
    return measurements;
  },

  tables(measurements): Table[] {
    const withPrefix = (prefix: string) => measurements.filter(({ name }) => name.startsWith(prefix));
    const adapters = measurements.filter(({ name }) => !/^(threads|step|few): /.test(name));
    const row = ({ runners }: Measurement) =>
      runners.map((runner, i) => [
        runner.label,
        milliseconds(median(runner.seconds)),
        i === 0 ? '' : times(ratioToFirst(runner)),
      ]);
    return [
      ...adapters.map((measurement) => {
        const small = ratioToFirst(measurement.runners[1]);
        return {
          title: `Forward and backward of one adapter on one thread: ${measurement.name}`,
          head: ['', 'ms, median', 'over masked', 'over the small one'],
          rows: row(measurement).map((cells, i) => [
            ...cells,
            i < 2 ? '' : times(ratioToFirst(measurement.runners[i]) / small),
          ]),
          notes: notes([measurement]),
        };
      }),
      ...withPrefix('step: ').map((measurement) => ({
        title: `Training step: ${measurement.name.replace('step: ', '')}`,
        head: ['', 'ms, median', 'over the small one'],
        rows: row(measurement),
        notes: notes([measurement]),
      })),
      ...withPrefix('few: ').map((measurement) => ({
        title: `MiniLM on one thread: ${measurement.name.replace('few: ', '')}`,
        head: ['', 'ms, median', 'over masked'],
        rows: row(measurement),
        notes: notes([measurement]),
      })),
      {
        title: 'Two threads over one',
        head: ['', 'speed-up'],
        rows: withPrefix('threads: ').map(({ name, runners }) => [
          name.replace('threads: ', ''),
          digits(1 / ratioToFirst(runners[1])),
        ]),
        notes: notes(withPrefix('threads: ')),
      },
    ];
  },
};

/** The time of a sparse adapter over that of the masked dense one of its width, or of the small one; NaN if it was not measured. */
export function adapterRatio(
  measurements: readonly Measurement[],
  shape: Shape,
  density: number,
  over: 'masked' | 'small',
): number {
  const runners = find(measurements, widthName(shape))?.runners ?? [];
  const own = runners.find(({ label }) => label === keptLabel(density));
  if (!own) return Number.NaN;
  return ratioToFirst(own) / (over === 'small' ? ratioToFirst(runners[1]) : 1);
}

/** The time of a step with the large sparse adapter over that with the small dense one, where it is most. */
export function worstStep(measurements: readonly Measurement[]): number {
  const ratios = measurements.flatMap(({ name, runners }) =>
    name.startsWith('step: ') ? [ratioToFirst(runners[2])] : [],
  );
  return ratios.length > 0 ? Math.max(...ratios) : Number.NaN;
}
