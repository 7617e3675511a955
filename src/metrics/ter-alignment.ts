/** How many words of the reference around the diagonal are compared with a word, at least; that of Tercom. */
const BEAM_WIDTH = 25;

/** One step from the hypothesis to the reference. */
const [KEEP, SUBSTITUTE, DELETE, INSERT] = [1, 2, 3, 4];

/** The costs and the last steps to each prefix of the reference, for one prefix of the hypothesis. */
interface Row {
  readonly costs: Float64Array;
  readonly steps: Uint8Array;
}

/** The cheapest way from a hypothesis to a reference, by words. */
export interface Alignment {
  /** How many words are inserted, deleted or substituted. */
  readonly edits: number;
  /** For each word of the reference that of the hypothesis, or the last one before where it has none; -1 before all. */
  readonly hypothesisPlaces: readonly number[];
  /** Whether each word of the hypothesis, and of the reference, is edited. */
  readonly isHypothesisEdited: readonly boolean[];
  readonly isReferenceEdited: readonly boolean[];
  readonly rows: readonly Row[];
}

/**
 * The edit distance with a beam around the diagonal of both lengths, as in sacreBLEU's TER. Of equal ways the one that substitutes or keeps
 * goes before one that deletes, and that before one that inserts.
 *
 * @param known the rows of a hypothesis of the same length that begins with the same words
 * @param same how many words those are
 */
export function align(
  hypothesis: readonly string[],
  reference: readonly string[],
  known?: readonly Row[],
  same = 0,
): Alignment {
  const rows = editRows(hypothesis, reference, known, same);
  const [hypothesisPlaces, isHypothesisEdited, isReferenceEdited]: [number[], boolean[], boolean[]] = [[], [], []];
  let [i, j] = [hypothesis.length, reference.length];
  while (i > 0 || j > 0) {
    const step = rows[i].steps[j];
    const isEdited = step !== KEEP;
    if (step !== INSERT) {
      i--;
      isHypothesisEdited.push(isEdited);
    }
    if (step !== DELETE) {
      j--;
      isReferenceEdited.push(isEdited);
      hypothesisPlaces.push(step === INSERT ? i - 1 : i);
    }
  }
  return {
    edits: editsOf(rows),
    hypothesisPlaces: hypothesisPlaces.reverse(),
    isHypothesisEdited: isHypothesisEdited.reverse(),
    isReferenceEdited: isReferenceEdited.reverse(),
    rows,
  };
}

/** The number of edits that the last row ends with. */
export function editsOf(rows: readonly Row[]): number {
  const { costs } = rows[rows.length - 1];
  return costs[costs.length - 1];
}

/** The rows of {@link align}, of which the first does without the hypothesis. */
export function editRows(
  hypothesis: readonly string[],
  reference: readonly string[],
  known: readonly Row[] = [],
  same = 0,
): Row[] {
  const [length, width] = [hypothesis.length, reference.length + 1];
  const rows = known.slice(0, same + 1);
  if (rows.length === 0) {
    rows.push({ costs: Float64Array.from({ length: width }, (_, j) => j), steps: new Uint8Array(width).fill(INSERT) });
  }
  const slope = length > 0 ? reference.length / length : 1;
  // Rows of very different lengths would not meet otherwise.
  const beam = BEAM_WIDTH < slope / 2 ? Math.ceil(slope / 2 + BEAM_WIDTH) : BEAM_WIDTH;
  for (let i = rows.length; i <= length; i++) {
    const row = { costs: new Float64Array(width).fill(Number.POSITIVE_INFINITY), steps: new Uint8Array(width) };
    const diagonal = Math.floor(i * slope);
    const end = i === length ? width : Math.min(width, diagonal + beam);
    for (let j = Math.max(0, diagonal - beam); j < end; j++)
      fillCell(row, rows[i - 1], j, hypothesis[i - 1] === reference[j - 1]);
    rows.push(row);
  }
  return rows;
}

function fillCell({ costs, steps }: Row, { costs: above }: Row, j: number, isEqual: boolean): void {
  const set = (cost: number, step: number) => {
    if (cost >= costs[j]) return;
    costs[j] = cost;
    steps[j] = step;
  };
  if (j > 0) set(above[j - 1] + (isEqual ? 0 : 1), isEqual ? KEEP : SUBSTITUTE);
  set(above[j] + 1, DELETE);
  if (j > 0) set(costs[j - 1] + 1, INSERT);
}
