import { entityReport, getEntities, type TagScheme } from '../../../src/metrics/index.ts';
import { type Case, type Compare, casesOfRows } from '../framework.ts';
import { compareScores, type GoldenScores, refuseOthers, same } from './tables.ts';

type Mode = 'default' | `strict ${TagScheme}`;
type EntityRow = readonly [sentence: number, type: string, start: number, end: number];
interface Expected {
  readonly per_type: Readonly<Record<string, GoldenScores>>;
  readonly micro: GoldenScores;
  readonly macro: GoldenScores;
  readonly weighted: GoldenScores;
  readonly entities_true: readonly EntityRow[];
  readonly entities_pred: readonly EntityRow[];
}
type TaggingCase = Readonly<Partial<Record<Mode, Expected>>> & {
  readonly id: string;
  readonly true: readonly string[][];
  readonly pred: readonly string[][];
  readonly token_accuracy: number;
};
export interface TaggingFile {
  readonly tol: number;
  readonly cases: readonly TaggingCase[];
}

const modes: Readonly<Record<Mode, TagScheme | undefined>> = {
  default: undefined,
  'strict IOB1': 'IOB1',
  'strict IOB2': 'IOB2',
  'strict IOE2': 'IOE2',
  'strict IOBES': 'IOBES',
  'strict BILOU': 'BILOU',
};

/** All entities as text, in any order. */
const inOrder = (entities: readonly EntityRow[]): string => JSON.stringify(entities.map((row) => row.join(' ')).sort());

const entitiesIn = (sentences: readonly string[][], scheme: TagScheme | undefined): EntityRow[] =>
  sentences.flatMap((tags, i) =>
    getEntities(tags, scheme).map(({ type, start, end }): EntityRow => [i, type, start, end]),
  );

export const taggingCases = ({ tol, cases }: TaggingFile): Case[] =>
  casesOfRows('tagging.json', cases, (golden) => ({
    name: `tagging ${golden.id}`,
    isOfNoBackend: true,
    run: (compare) => {
      refuseOthers(golden, ['id', 'true', 'pred', 'token_accuracy', ...Object.keys(modes)]);
      for (const [mode, scheme] of Object.entries(modes) as [Mode, TagScheme | undefined][]) {
        const expected = golden[mode];
        if (expected) compareMode(golden, mode, scheme, expected, compare, tol);
      }
    },
  }));

function compareMode(
  golden: TaggingCase,
  mode: Mode,
  scheme: TagScheme | undefined,
  expected: Expected,
  compare: Compare,
  tol: number,
): void {
  const report = entityReport(golden.pred, golden.true, { scheme });
  compare(`${mode}: token accuracy`, [report.tokenAccuracy], [golden.token_accuracy], tol);
  const { entities_true, entities_pred } = expected;
  for (const [sentences, entities] of [
    [golden.true, entities_true],
    [golden.pred, entities_pred],
  ] as const) {
    compare(`${mode}: entities`, same(inOrder(entitiesIn(sentences, scheme)), inOrder(entities)), [1], 0);
  }
  const types = [report.perType, expected.per_type].map((all) => Object.keys(all).sort().join(' '));
  compare(`${mode}: types`, same(types[0], types[1]), [1], 0);
  for (const [type, scores] of Object.entries(expected.per_type)) {
    compareScores(compare, `${mode}: ${type}`, report.perType[type], scores, tol);
  }
  for (const average of ['micro', 'macro', 'weighted'] as const) {
    compareScores(compare, `${mode}: ${average}`, report[average], expected[average], tol);
  }
}
