import {
  type ComparedCell,
  comparedCells,
  pairedTTest,
  type SweepSummary,
  sampleMean,
} from '../../src/experiments/index.ts';
import { scoreFrom } from '../../src/experiments/tasks.ts';
import { type ShownName, shown, tableOf } from './results-tables.ts';

const LEVEL = 0.05;

/** The comparisons of some methods of a table with what they are compared with. */
interface Evidence {
  /** All that there will be. */
  readonly planned: number;
  readonly better: readonly ComparedCell[];
  readonly worse: readonly ComparedCell[];
  /** Those with all seeds. */
  readonly complete: number;
  /** The largest loss in any interval, in points. */
  readonly open: number;
}

function evidenceOf(name: ShownName, ids: readonly string[], summary: SweepSummary): Evidence {
  const seeds = shown.find(([one]) => one === name)?.[1] ?? 0;
  const cells = comparedCells(summary).filter(({ row }) => ids.includes(row.id));
  const other = cells.filter(({ holm }) => holm < LEVEL);
  return {
    planned: ids.length * summary.plan.tasks.length,
    better: other.filter(({ comparison: { difference } }) => difference > 0),
    worse: other.filter(({ comparison: { difference } }) => difference < 0),
    complete: cells.filter(({ comparison }) => comparison.seeds >= seeds).length,
    open: Math.max(0, ...cells.map(({ comparison: { interval } }) => -interval[0])),
  };
}

const isComplete = ({ planned, complete }: Evidence): boolean => complete >= planned;
const countsOf = ({ planned, better, worse }: Evidence): string =>
  `of ${planned} comparisons ${better.length} are better and ${worse.length} worse by more than chance`;
const untold = ({ planned, complete }: Evidence): string =>
  `cannot be told yet: ${complete} of ${planned} comparisons have all their seeds`;

/** What rows say of "as good as what it is compared with". */
function asGood(evidence: Evidence): string {
  if (evidence.worse.length > 0) return `does not hold: ${countsOf(evidence)}`;
  if (!isComplete(evidence)) return untold(evidence);
  return `holds as far as can be told: ${countsOf(evidence)}; intervals leave open a loss of ${evidence.open.toFixed(1)} points`;
}

/** What rows say of "better than what it is compared with". */
function better(evidence: Evidence): string {
  if (evidence.worse.length > 0) return `does not hold: ${countsOf(evidence)}`;
  if (!isComplete(evidence)) return untold(evidence);
  return evidence.better.length > 0 ? `holds: ${countsOf(evidence)}` : `cannot be told: ${countsOf(evidence)}`;
}

/** Whether another method of table 1 has a higher mean than SNIP has. */
function best(summary: SweepSummary): string {
  const evidence = evidenceOf('table1', ['snip'], summary);
  const means = summary.rows.filter(({ row }) => row.adapter.kind !== 'full');
  const missing = means.filter(({ average }) => average.mean === null).length;
  if (missing > 0) return `cannot be told yet: ${missing} of ${means.length} methods have no mean`;
  const [first] = [...means].sort((a, b) => (b.average.mean ?? 0) - (a.average.mean ?? 0));
  const name = first.row.id === 'snip' ? 'it has the highest mean' : `${first.row.title} has the highest mean`;
  return `${first.row.id === 'snip' ? better(evidence) : 'does not hold'}; ${name}`;
}

/** Whether the scores in the first half of the training are higher, by a t-test over seeds and tasks. */
function faster(summary: SweepSummary): string {
  const early = (id: string) =>
    (summary.rows.find(({ row }) => row.id === id)?.cells ?? []).flatMap(({ cell, runs }) =>
      runs.map(({ seed, stored }) => {
        const history = stored.metrics?.history ?? [];
        const half = history.slice(0, Math.ceil(history.length / 2));
        const scores = half.flatMap(({ metrics }) => scoreFrom(metrics, cell.task) ?? []);
        return { place: `${cell.task} ${seed}`, score: 100 * sampleMean(scores) };
      }),
    );
  const [wide, dense] = [early('ls4'), early('adapter')];
  const pairs = wide.flatMap(({ place, score }) => {
    const other = dense.find((one) => one.place === place);
    return other ? [[score, other.score] as const] : [];
  });
  const planned = 3 * summary.plan.tasks.length;
  if (pairs.length < planned) return `cannot be told yet: ${pairs.length} of ${planned} pairs of runs are there`;
  const { difference, p } = pairedTTest(
    pairs.map(([own]) => own),
    pairs.map(([, other]) => other),
  );
  const found = `scores of the first half differ by ${difference.toFixed(2)} points (p = ${p?.toFixed(3) ?? '–'})`;
  if (p === null || p >= LEVEL) return `cannot be told: ${found}`;
  return `${difference > 0 ? 'holds' : 'does not hold'}: ${found}`;
}

const pruned = ['random', 'magnitude', 'er', 'snip', 'grasp'];

/** The paper's claims and what the rows say of each. */
export function claimsTable(of: (name: ShownName) => SweepSummary): string {
  const told = (name: ShownName, ids: readonly string[]) => evidenceOf(name, ids, of(name));
  return tableOf(
    ['claim of the paper', 'here'],
    [
      ['Sparse adapters are as good as dense ones at 40 %', asGood(told('table1', pruned))],
      ['SNIP is the best method, and better than the dense adapter', best(of('table1'))],
      ['Up to 80 % can go', asGood(told('sparsities', ['snip80']))],
      ['Large-Sparse is better at the same number of weights', better(told('table3', ['ls2', 'ls3', 'ls4']))],
      ['Large-Sparse learns faster', faster(of('figure4'))],
      ['It holds for other kinds of adapters', asGood(told('table4', ['s-pfeiffer', 's-lora', 's-mam', 's-fusion']))],
    ],
    '---',
  );
}

/** What a user should choose, as table 1 says. */
export function choice(summary: SweepSummary): string {
  const all = pruned.map((id) => ({ id, ...evidenceOf('table1', [id], summary) }));
  const titleOf = (id: string) => summary.rows.find(({ row }) => row.id === id)?.row.title ?? id;
  if (!all.every(isComplete)) {
    return 'What a user should choose cannot be told from these rows yet. Until it can: a dense adapter, or random pruning where the file is to be smaller, which costs no pass over data, and is the row that every other method has to beat.';
  }
  const better = all.filter((one) => one.better.length > 0 && one.worse.length === 0);
  if (better.length > 0) {
    return `A user should choose ${better.map(({ id }) => titleOf(id)).join(' or ')}: better than the dense adapter on some task and worse on none, with a smaller file.`;
  }
  const equal = all.filter(({ worse }) => worse.length === 0);
  if (equal.length === 0)
    return 'A user should choose the dense adapter: every method that prunes is worse on some task.';
  return `A user should choose the dense adapter, or ${titleOf(equal[0].id)} where the file is to be smaller: it is worse on no task by more than chance, and no method is better than the dense adapter.`;
}
