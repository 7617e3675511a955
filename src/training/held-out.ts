import { inputOf, sameInputs } from '../data/duplicates.ts';
import { type Dataset, heldOutSettings, stratifiedFolds, stratifiedSplit } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { Random } from '../random/index.ts';
import { factsOf } from '../settings/index.ts';
import { fingerprint } from './fingerprint.ts';
import type { RunSettings } from './settings-table.ts';

/** Settings of the rows of a table that are held out of training. */
export type HeldOutChoice = Pick<RunSettings, 'seed' | 'validationSplit' | 'testSplit' | 'folds' | 'fold'>;

/** A table in parts. */
export interface HeldOut<D> {
  readonly train: D;
  /** Rows to evaluate on while it is trained; null: none. */
  readonly evaluation: D | null;
  /** Rows that choose nothing; null: none. */
  readonly test: D | null;
  /** Lines about rows that could not be held out, or not as they should. */
  readonly warnings: readonly string[];
}

/** The part of a table that is held out to validate on, where its rows allow it and nothing else is said. */
export const usualValidation = factsOf(heldOutSettings.validationSplit).default ?? 0;
/** So many rows of a class stay on both sides at least, unless a split is asked for. */
const FEWEST = 2;

type Places = readonly number[];

/**
 * Holds rows of a table out of training: a fold or a part to test on, then a part to validate on. Of each class its share is drawn,
 * seeded; rows with the same texts stay together. Only the rows, their order and the settings decide which they are.
 *
 * @param settings without `validationSplit` a tenth is held out if each class keeps two rows on both sides
 * @throws InputError where there are too few rows for what is asked
 */
export function holdOut<D extends Dataset<unknown, string>>(dataset: D, settings: HeldOutChoice): HeldOut<D> {
  const { folds, fold, testSplit = 0, validationSplit } = settings;
  const rows = new Splitter(dataset, new Random(settings.seed).fork('rows that are held out'));
  const test =
    folds !== undefined && fold !== undefined ? rows.fold(folds, fold) : rows.drawn('test split', testSplit, rows.all);
  const rest = without(rows.all, test);
  const usual = validationSplit === undefined ? rows.usual(rest) : null;
  const evaluation = usual ? usual.places : rows.drawn('validation split', validationSplit ?? 0, rest);
  const partOf = (places: Places, title: string) => ({
    ...dataset,
    name: `${dataset.name} (${title})`,
    examples: places.map((place) => dataset.examples[place]),
    warnings: [],
  });
  const train = without(rest, evaluation);
  return {
    train: { ...dataset, examples: train.map((place) => dataset.examples[place]) },
    evaluation: evaluation.length > 0 ? partOf(evaluation, 'validation split') : null,
    test: test.length > 0 ? partOf(test, fold === undefined ? 'test split' : `fold ${fold} of ${folds}`) : null,
    warnings: [...(usual?.warnings ?? []), ...rows.untrained(train)],
  };
}

const without = (places: Places, others: Places): Places => {
  const taken = new Set(others);
  return places.filter((place) => !taken.has(place));
};

class Splitter {
  readonly all: Places;
  readonly #labels: readonly string[] | null;
  readonly #classes: readonly number[];
  readonly #strata: readonly number[];
  readonly #groups: readonly number[];
  readonly #random: Random;

  constructor(dataset: Dataset<unknown, string>, random: Random) {
    const { labels, classes, strata } = strataOf(dataset);
    this.all = classes.map((_, i) => i);
    this.#random = random;
    this.#labels = labels;
    this.#classes = classes;
    this.#strata = strata;
    this.#groups = sameInputs(dataset.examples);
  }

  /** The rows of a fold, which counts from 1. */
  fold(folds: number, fold: number): Places {
    const count = new Set(this.#groups).size;
    if (fold > folds) throw new InputError(`fold ${fold} is not among ${folds} folds.`);
    if (folds > count)
      throw new InputError(`There are ${count} rows with different texts, too few for ${folds} folds.`);
    return stratifiedFolds(this.#strata, folds, this.#random.fork('folds'), { groups: this.#groups })[fold - 1];
  }

  /** A part of some rows, as it was asked for. */
  drawn(title: string, fraction: number, places: Places): Places {
    if (fraction === 0) return [];
    const held = this.#split(title, fraction, places);
    if (held.length > 0 && held.length < places.length) return held;
    throw new InputError(
      `A ${title} of ${fraction} holds out ${held.length} of ${places.length} rows; say another fraction, or give a file.`,
    );
  }

  /** The usual part of some rows, or why there is none. */
  usual(places: Places): { readonly places: Places; readonly warnings: string[] } {
    const held = this.#split('validation split', usualValidation, places);
    const kept = without(places, held);
    const countIn = (some: Places, stratum: number) => some.filter((place) => this.#strata[place] === stratum).length;
    for (const stratum of new Set(places.map((place) => this.#strata[place]))) {
      const [inside, outside] = [countIn(held, stratum), countIn(kept, stratum)];
      if (inside >= FEWEST && outside >= FEWEST) continue;
      const label = this.#labels?.[this.#classes[this.#strata.indexOf(stratum)]];
      const count = inside + outside;
      const owner = label === undefined ? 'the data' : `'${label}'`;
      const problem = `of the ${count} ${count === 1 ? 'row' : 'rows'} of ${owner} it would have ${inside}, and ${FEWEST} are needed on both sides`;
      return {
        places: [],
        warnings: [
          `no validation split: ${problem}; give --eval-data (evalData), or say a --validation-split (validationSplit)`,
        ],
      };
    }
    return { places: held, warnings: [] };
  }

  /** Lines about classes without a row to train on. */
  untrained(train: Places): string[] {
    const trained = new Set(train.map((place) => this.#classes[place]));
    const missing = [...new Set(this.#classes)].filter((label) => !trained.has(label));
    return missing.map(
      (label) => `all rows of '${this.#labels?.[label] ?? ''}' are held out; none is left to train on`,
    );
  }

  #split(title: string, fraction: number, places: Places): Places {
    if (Math.ceil(fraction * places.length) >= places.length) return [];
    const pick = (values: readonly number[]) => places.map((place) => values[place]);
    const options = { groups: pick(this.#groups) };
    const { test } = stratifiedSplit(pick(this.#strata), fraction, this.#random.fork(title), options);
    return test.map((i) => places[i]);
  }
}

/** The classes of rows; all are of one where they have none. */
interface Strata {
  readonly labels: readonly string[] | null;
  readonly classes: readonly number[];
  /** From 0 in the order of the first of each, which does not depend on the order of a model's classes. */
  readonly strata: readonly number[];
}

function strataOf({ examples, labels }: Dataset<unknown, string>): Strata {
  const given = examples.map(labelOf);
  const classes = labels ? given.filter((label) => label !== null) : [];
  const isComplete = labels !== null && classes.length === examples.length;
  const known = isComplete ? classes : examples.map(() => 0);
  const order = new Map([...new Set(known)].map((label, i) => [label, i]));
  return { labels: isComplete ? labels : null, classes: known, strata: known.map((label) => order.get(label) ?? 0) };
}

/** What a run stores of the table of which some rows are held out, to find out whether it is the same later. */
export function tableFacts(dataset: Dataset<unknown, string>): { readonly rows: number; readonly fingerprint: string } {
  const { strata } = strataOf(dataset);
  const rows = dataset.examples.map((example, i) => [inputOf(example), strata[i]]);
  return { rows: rows.length, fingerprint: fingerprint(rows) };
}

/** The class of an example that has one. */
function labelOf(example: unknown): number | null {
  const label = (example as { readonly label?: unknown } | null)?.label;
  return typeof label === 'number' ? label : null;
}
