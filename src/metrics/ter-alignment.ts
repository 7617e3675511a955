/** How many words of the reference around the diagonal are compared with a word, at least; that of Tercom. */
const BEAM_WIDTH = 25;
/** The cost of what lies outside of the beam. */
const FAR = 1e9;

/** One step from the hypothesis to the reference. */
const [KEEP, SUBSTITUTE, DELETE, INSERT] = [1, 2, 3, 4];

/** Rows of one cell for each prefix of the reference: the cost to come to it, and the last step. */
interface EditTable {
  readonly costs: Int32Array;
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
  readonly table: EditTable;
}

/**
 * The edit distance to one reference, of words given as numbers, with a beam around the diagonal of both lengths, as in sacreBLEU's TER. Of equal
 * ways the one that substitutes or keeps goes before one that deletes, and that before one that inserts.
 */
export class EditDistance {
  readonly #reference: readonly number[];
  readonly #width: number;
  /** Two rows in turn. */
  readonly #rows: EditTable;

  constructor(reference: readonly number[]) {
    this.#reference = reference;
    this.#width = reference.length + 1;
    this.#rows = this.#emptyTable(2);
  }

  align(words: readonly number[]): Alignment {
    const width = this.#width;
    const table = this.#emptyTable(words.length + 1);
    for (let j = 0; j < width; j++) {
      table.costs[j] = j;
      table.steps[j] = INSERT;
    }
    for (let i = 1; i <= words.length; i++) this.#fillRow(table, (i - 1) * width, i * width, words, i);

    const [hypothesisPlaces, isHypothesisEdited, isReferenceEdited]: [number[], boolean[], boolean[]] = [[], [], []];
    let [i, j] = [words.length, width - 1];
    while (i > 0 || j > 0) {
      const step = table.steps[i * width + j];
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
      edits: table.costs[table.costs.length - 1],
      hypothesisPlaces: hypothesisPlaces.reverse(),
      isHypothesisEdited: isHypothesisEdited.reverse(),
      isReferenceEdited: isReferenceEdited.reverse(),
      table,
    };
  }

  /**
   * The edits of other words, as many as those that were aligned.
   *
   * @param same the number of words that both begin with
   */
  editsOf(words: readonly number[], { table }: Alignment, same: number): number {
    const width = this.#width;
    const rows = this.#rows;
    const place = (i: number) => (i % 2) * width;
    rows.costs.set(table.costs.subarray(same * width, (same + 1) * width), place(same));
    for (let i = same + 1; i <= words.length; i++) {
      rows.costs.fill(FAR, place(i), place(i) + width);
      this.#fillRow(rows, place(i - 1), place(i), words, i);
    }
    return rows.costs[place(words.length) + width - 1];
  }

  #emptyTable(rows: number): EditTable {
    const size = rows * this.#width;
    return { costs: new Int32Array(size).fill(FAR), steps: new Uint8Array(size) };
  }

  /** Fills the row of the first i words, which is empty. `above` and `at` are where the row before and this one begin. */
  #fillRow({ costs, steps }: EditTable, above: number, at: number, words: readonly number[], i: number): void {
    const reference = this.#reference;
    const slope = reference.length / words.length;
    // Rows of very different lengths would not meet otherwise.
    const beam = BEAM_WIDTH < slope / 2 ? Math.ceil(slope / 2 + BEAM_WIDTH) : BEAM_WIDTH;
    const diagonal = Math.floor(i * slope);
    const end = i === words.length ? this.#width : Math.min(this.#width, diagonal + beam);
    const word = words[i - 1];
    for (let j = Math.max(0, diagonal - beam); j < end; j++) {
      let cost = FAR;
      let step = 0;
      if (j > 0) {
        const isEqual = word === reference[j - 1];
        cost = costs[above + j - 1] + (isEqual ? 0 : 1);
        step = isEqual ? KEEP : SUBSTITUTE;
      }
      if (costs[above + j] + 1 < cost) {
        cost = costs[above + j] + 1;
        step = DELETE;
      }
      if (j > 0 && costs[at + j - 1] + 1 < cost) {
        cost = costs[at + j - 1] + 1;
        step = INSERT;
      }
      costs[at + j] = cost;
      steps[at + j] = step;
    }
  }
}
