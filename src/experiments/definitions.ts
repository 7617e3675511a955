import type { AdapterSettings } from '../adapters/index.ts';
import { pruningControls } from '../pruning/index.ts';
import type { GivenSettings } from '../training/index.ts';
import { figure1, type Published, table1, table2, table3, table4 } from './published.ts';
import { type PaperTaskName, paperTasks } from './tasks.ts';

/** The pruning of the adapter of a row: `none` is dense. */
type Pruning = Required<Pick<GivenSettings, 'pruning'>> &
  Pick<GivenSettings, 'sparsity' | 'largeSparse' | 'pruningControl' | 'riglSteps'>;

/** A method: one line of a table, or one point or line of a figure. */
export interface ExperimentRow extends Pruning {
  readonly id: string;
  /** As the paper prints it. */
  readonly title: string;
  readonly adapter: AdapterSettings;
  /** The row whose adapters, one of each task, this one fuses. */
  readonly fuses?: string;
  /** The dense row that this one is compared with. */
  readonly against?: string;
}

/** The kind of chart. */
export type Chart = 'methods' | 'parameters' | 'sparsity' | 'course';

/** A table or figure: of the paper, or beside it. */
export interface Experiment {
  readonly name: string;
  readonly title: string;
  readonly rows: readonly ExperimentRow[];
  readonly tasks: readonly PaperTaskName[];
  readonly published: Published;
  readonly chart: Chart;
  /** The number of evaluations while a model is trained. Default 1. */
  readonly evaluations?: number;
  /** Differences from the paper, and choices that it does not state. */
  readonly notes: readonly string[];
}

/** The paper's width (section 3.1); a sweep can take another. */
export const paperWidth = 64;

const dense: Pruning = { pruning: 'none' };
const by = (pruning: string): Pruning => ({ pruning, sparsity: 0.4 });
const snip = (sparsity: number): Pruning => ({ pruning: 'snip', sparsity });
const wide = (largeSparse: number): Pruning => ({ pruning: 'snip', largeSparse });
const houlsby: AdapterSettings = { kind: 'houlsby', bottleneck: paperWidth };
const pfeiffer: AdapterSettings = { kind: 'pfeiffer', bottleneck: paperWidth };
const lora: AdapterSettings = { kind: 'lora' };
/** The same numbers of parameters in the prefix and in the bottlenecks, as section 3.1 says. */
const mam: AdapterSettings = { kind: 'mam', bottleneck: paperWidth, equalSplit: true };

const full: ExperimentRow = { id: 'full', title: 'Fine-Tune', adapter: { kind: 'full' }, ...dense };
const adapter: ExperimentRow = { id: 'adapter', title: 'Adapter', adapter: houlsby, ...dense };
const pruned = (id: string, title: string, pruning: Pruning): ExperimentRow => ({
  ...{ id, title, adapter: houlsby, ...pruning },
  against: adapter.id,
});
const largeSparse = (factor: number): ExperimentRow => pruned(`ls${factor}`, `LS-Adapter ${factor}×`, wide(factor));

const sparsities = [20, 40, 60, 80] as const;

/** A method at all sparsities. */
const swept = (id: string, title: string, method: string): ExperimentRow[] =>
  sparsities.map((s) => pruned(`${id}${s}`, `${title} 0.${s / 10}`, { pruning: method, sparsity: s / 100 }));

/** A method beside its sanity checks, which are compared with it. */
const checked = (id: string, title: string, pruning: Pruning): ExperimentRow[] => [
  pruned(id, title, pruning),
  ...pruningControls.map((control) => ({
    ...pruned(`${id}-${control}`, `${title}, ${control}`, { ...pruning, pruningControl: control }),
    against: id,
  })),
];

/** A method beside the same start with a mask that moves, every 100 steps as in the paper of RigL. */
const moving = (id: string, title: string): ExperimentRow[] => [
  pruned(id, `w/ ${title}`, by(id)),
  { ...pruned(`${id}-rigl`, `w/ ${title}, RigL`, { ...by(id), riglSteps: 100 }), against: id },
];

/** Single weights of the backbone instead of an adapter, as many as a sparsity of 40 % leaves of the adapters of table 1 in MiniLM. */
const shira = (method: string, title: string): ExperimentRow => ({
  ...{ id: `shira-${method}`, title, adapter: { kind: 'shira' }, pruning: method, sparsity: 0.8 },
  against: adapter.id,
});

/** A kind of adapter, dense and sparse. */
const pair = (id: string, title: string, settings: AdapterSettings, fuses?: string): ExperimentRow[] => [
  { id, title, adapter: settings, ...dense, fuses },
  {
    ...{ id: `s-${id}`, title: `S-${title}`, adapter: settings, ...snip(0.4), against: id },
    fuses: fuses && `s-${fuses}`,
  },
];

const widthNote = 'The learning rate, epochs and batch size of each number are not printed in the paper.';

export const experiments: readonly Experiment[] = [
  {
    name: 'table1',
    title: 'Table 1: methods of pruning at a sparsity of 40 %',
    rows: [
      full,
      adapter,
      pruned('random', 'w/ Rand.', by('random')),
      pruned('magnitude', 'w/ Mag.', by('magnitude')),
      pruned('er', 'w/ ER', by('er')),
      pruned('snip', 'w/ SNIP', snip(0.4)),
      pruned('grasp', 'w/ GraSP', by('grasp')),
    ],
    tasks: paperTasks,
    published: table1,
    chart: 'methods',
    notes: [widthNote],
  },
  {
    name: 'table2',
    title: 'Table 2: sparsities (SNIP)',
    rows: [full, adapter, ...swept('s', 's =', 'snip')],
    tasks: [...paperTasks, 'xsum', 'squad'],
    published: table2,
    chart: 'sparsity',
    notes: [
      widthNote,
      'The paper prints the mean of GLUE with RoBERTa-base, ROUGE-2 on XSum with BART-large, and F1 on SQuAD v1.1 with BERT-base.',
    ],
  },
  {
    name: 'masks',
    title: 'Sanity checks of masks (Frankle et al., 2021)',
    rows: [
      adapter,
      ...checked('magnitude', 'w/ Mag.', by('magnitude')),
      ...checked('snip', 'w/ SNIP', snip(0.4)),
      ...checked('grasp', 'w/ GraSP', by('grasp')),
      ...checked('snip80', 'w/ SNIP 80 %', snip(0.8)),
    ],
    tasks: paperTasks,
    published: {},
    chart: 'methods',
    notes: [
      widthNote,
      'Each check is compared with the method itself: shuffled keeps as many weights of each matrix at random places, redrawn draws the weights under the mask anew, inverted keeps the lowest scores.',
    ],
  },
  {
    name: 'dynamic',
    title: 'Masks that move while training (RigL), beside those that stay',
    rows: [adapter, ...moving('random', 'Rand.'), ...moving('snip', 'SNIP')],
    tasks: paperTasks,
    published: {},
    chart: 'methods',
    notes: [
      widthNote,
      'RigL (Evci et al., 2020) begins with the mask of the row above it, with which it is compared. Every 100 steps of the first three quarters of the training it moves at first 30 % of the weights of each matrix, then fewer.',
    ],
  },
  {
    name: 'backbone',
    title: 'Single weights of the backbone, beside adapters with as many trained weights',
    rows: [
      adapter,
      pruned('snip', 'w/ SNIP', snip(0.4)),
      shira('random', 'SHiRA Rand.'),
      shira('magnitude', 'SHiRA Mag.'),
      shira('snip', 'SHiRA SNIP'),
      shira('grasp', 'SHiRA GraSP'),
    ],
    tasks: paperTasks,
    published: {},
    chart: 'methods',
    notes: [
      widthNote,
      'SHiRA (Bhardwaj et al., 2024) trains weights of the matrices of queries and values that the score of a method keeps. A fifth of those of MiniLM, 353,894, is what a sparsity of 40 % leaves of the adapters; of other models the numbers differ.',
    ],
  },
  {
    name: 'sparsities',
    title: 'Sparsities, by method: beside table 2 and figure 2',
    rows: [
      adapter,
      ...swept('random', 'Rand.', 'random'),
      ...swept('magnitude', 'Mag.', 'magnitude'),
      ...swept('snip', 'SNIP', 'snip'),
    ],
    tasks: paperTasks,
    published: {},
    chart: 'methods',
    notes: [widthNote, 'The paper varies the sparsity of SNIP (table 2) and of random pruning (figure 2) alone.'],
  },
  {
    name: 'table3',
    title: 'Table 3: Large-Sparse, wider adapters with the same number of weights',
    rows: [adapter, ...[2, 3, 4].map(largeSparse)],
    tasks: paperTasks,
    published: table3,
    chart: 'methods',
    notes: [widthNote],
  },
  {
    name: 'table4',
    title: 'Table 4: kinds of adapters, dense and with 40 % removed (SNIP)',
    rows: [
      ...pair('pfeiffer', 'Pfeiffer', pfeiffer),
      ...pair('lora', 'LoRA', lora),
      ...pair('mam', 'MAM', mam),
      ...pair('fusion', 'AF', { kind: 'fusion' }, 'pfeiffer'),
    ],
    tasks: paperTasks,
    published: table4,
    chart: 'methods',
    notes: [
      widthNote,
      'The paper does not print the sizes of these adapters: here the bottlenecks are as wide as those of table 1, LoRA has the rank of its family, and the prefix of MAM as many parameters as its bottlenecks.',
      'AF fuses the Pfeiffer adapters of all tasks of the sweep, S-AF the sparse ones; in S-AF the matrices of the fusion are pruned.',
    ],
  },
  {
    name: 'figure1',
    title: 'Figure 1: score against trained parameters',
    rows: [
      full,
      adapter,
      { ...pruned('s-adapter', 'S-Adapter', snip(0.4)) },
      { ...largeSparse(4), id: 'ls-adapter', title: 'LS-Adapter' },
      ...pair('pfeiffer', 'Pfeiffer', pfeiffer),
      {
        id: 'ls-pfeiffer',
        title: 'LS-Pfeiffer',
        adapter: pfeiffer,
        ...wide(4),
        against: 'pfeiffer',
      },
      ...pair('lora', 'LoRA', lora),
      { id: 'ls-lora', title: 'LS-LoRA', adapter: lora, ...wide(4), against: 'lora' },
    ],
    tasks: paperTasks,
    published: figure1,
    chart: 'parameters',
    notes: [widthNote, 'The paper prints no numbers in this figure; those beside ours are from its tables 1, 3 and 4.'],
  },
  {
    name: 'figure2',
    title: 'Figure 2: random pruning',
    rows: [adapter, ...swept('r', 's =', 'random')],
    tasks: paperTasks,
    published: {},
    chart: 'sparsity',
    notes: [widthNote, 'The paper prints no numbers in this figure.'],
  },
  {
    name: 'figure4',
    title: 'Figure 4: score over training, dense and Large-Sparse',
    rows: [adapter, largeSparse(4)],
    tasks: ['mrpc', 'rte'],
    published: {},
    chart: 'course',
    evaluations: 10,
    notes: [
      widthNote,
      'The paper prints neither numbers in this figure nor which factor of Large-Sparse it shows; here it is 4.',
    ],
  },
];
