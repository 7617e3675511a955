import { inputOf, sameInputs } from '../data/duplicates.ts';
import { type Dataset, heldOutSettings, stratifiedFolds, stratifiedSplit } from '../data/index.ts';
import { stratifiedSetFolds, stratifiedSetSplit } from '../data/stratified-sets.ts';
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
  /** Why there are no rows to validate on, where nothing else is said. */
  readonly unvalidated?: string;
  /** Lines about rows that are not held out as they should. */
  readonly warnings: readonly string[];
}

/** The part of a table that is held out to validate on, where its rows allow it and nothing else is said. */
export const usualValidation = factsOf(heldOutSettings.validationSplit).default ?? 0;
/** So many rows of a class stay on both sides at least, unless a split is asked for. */
const FEWEST = 2;

type Places = readonly number[];

/**
 * Holds rows of a table out of training: a fold or a part to test on, then a part to validate on. Of each class its share is drawn,
 * seeded, about that of each label where rows have several, or words have tags; rows with the same texts stay together. Only the rows,
 * their order and the settings decide which they are.
 *
 * @param settings without `validationSplit` a tenth is held out if each class, or label of several, keeps two rows on both sides
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
    ...(usual?.problem !== undefined && { unvalidated: usual.problem }),
    warnings: rows.untrained(train),
  };
}

const without = (places: Places, others: Places): Places => {
  const taken = new Set(others);
  return places.filter((place) => !taken.has(place));
};

class Splitter {
  readonly all: Places;
  readonly #strata: Strata;
  readonly #groups: readonly number[];
  readonly #random: Random;

  constructor(dataset: Dataset<unknown, string>, random: Random) {
    this.all = dataset.examples.map((_, i) => i);
    this.#random = random;
    this.#strata = strataOf(dataset);
    this.#groups = sameInputs(dataset.examples);
  }

  /** The rows of a fold, which counts from 1. */
  fold(folds: number, fold: number): Places {
    const count = new Set(this.#groups).size;
    if (fold > folds) throw new InputError(`fold ${fold} is not among ${folds} folds.`);
    if (folds > count)
      throw new InputError(`There are ${count} rows with different texts, too few for ${folds} folds.`);
    const { kind, sets } = this.#strata;
    const [random, options] = [this.#random.fork('folds'), { groups: this.#groups }];
    const parts =
      kind === 'class'
        ? stratifiedFolds(sets.flat(), folds, random, options)
        : stratifiedSetFolds(sets, folds, random, options);
    return parts[fold - 1];
  }

  /** A part of some rows, as it was asked for. */
  drawn(title: string, fraction: number, places: Places): Places {
    if (fraction === 0) return [];
    const held = this.#split(title, fraction, places);
    if (held.length > 0 && held.length < places.length) return held;
    const count = new Set(places.map((place) => this.#groups[place])).size;
    const { kind } = this.#strata;
    const alone = kind === 'class' ? '' : ` (${kind} of one text alone stay in training)`;
    const texts = `${count} different ${count === 1 ? 'text' : 'texts'}`;
    const why = count < places.length ? ` of ${texts} (rows of equal texts stay together)` : alone;
    throw new InputError(
      `A ${title} of ${fraction} holds out ${held.length} of ${places.length} rows${why}; say another fraction, or give a file.`,
    );
  }

  /** The usual part of some rows, or why there is none. */
  usual(places: Places): { readonly places: Places; readonly problem?: string } {
    const held = this.#split('validation split', usualValidation, places);
    const kept = without(places, held);
    const { kind, names, sets } = this.#strata;
    // A tag of few words is usual; that its rows are too few for a split says nothing of the others.
    const judged = kind === 'tags' ? sets.map(() => [0]) : sets;
    const countIn = (some: Places, stratum: number) => some.filter((place) => judged[place].includes(stratum)).length;
    for (const stratum of new Set(places.flatMap((place) => judged[place]))) {
      const [inside, outside] = [countIn(held, stratum), countIn(kept, stratum)];
      if (inside >= FEWEST && outside >= FEWEST) continue;
      const label = kind === 'tags' ? undefined : names[stratum];
      const count = inside + outside;
      const owner = label === undefined ? 'the data' : `'${label}'`;
      const problem = `of the ${count} ${count === 1 ? 'row' : 'rows'} of ${owner} it would have ${inside}, and ${FEWEST} are needed on both sides`;
      return {
        places: [],
        problem: `no validation split: ${problem}; give --eval-data (evalData), or say a --validation-split (validationSplit)`,
      };
    }
    return { places: held };
  }

  /** Lines about classes, labels or tags without a row to train on. */
  untrained(train: Places): string[] {
    const { names, sets } = this.#strata;
    const trained = new Set(train.flatMap((place) => sets[place]));
    const missing = [...new Set(sets.flat())].filter((label) => !trained.has(label));
    return missing.map((label) => `all rows of '${names[label] ?? ''}' are held out; none is left to train on`);
  }

  #split(title: string, fraction: number, places: Places): Places {
    if (Math.ceil(fraction * places.length) >= places.length) return [];
    const { kind, sets } = this.#strata;
    const some = places.map((place) => sets[place]);
    const [random, options] = [this.#random.fork(title), { groups: places.map((place) => this.#groups[place]) }];
    const { test } =
      kind === 'class'
        ? stratifiedSplit(some.flat(), fraction, random, options)
        : stratifiedSetSplit(some, fraction, random, options);
    return test.map((i) => places[i]);
  }
}

/** The classes of rows, or the sets of their labels or tags. */
interface Strata {
  /** `class`: each row has one; all have the same where there are no classes. */
  readonly kind: 'class' | 'labels' | 'tags';
  /** Empty where there are no classes. */
  readonly names: readonly string[];
  /** By numbers that do not depend on the order of a model's classes. */
  readonly sets: readonly (readonly number[])[];
}

function strataOf({ examples, labels }: Dataset<unknown, string>): Strata {
  for (const kind of labels ? (['labels', 'tags'] as const) : []) {
    const given = examples.map((example) => numbersIn(example, kind));
    const known = given.filter((numbers) => numbers !== null);
    if (labels && examples.length > 0 && known.length === examples.length) {
      const names = [...new Set(known.flat().map((number) => labels[number]))].sort();
      const order = new Map(names.map((name, i) => [name, i]));
      const numberOf = (number: number) => order.get(labels[number]) ?? 0;
      return { kind, names, sets: known.map((numbers) => [...new Set(numbers.map(numberOf))].sort((a, b) => a - b)) };
    }
  }
  const given = examples.map(labelOf);
  const classes = labels ? given.filter((label) => label !== null) : [];
  const isComplete = labels !== null && classes.length === examples.length;
  const known = isComplete ? classes : examples.map(() => 0);
  // From 0 in the order of the first of each.
  const order = new Map([...new Set(known)].map((label, i) => [label, i]));
  return {
    kind: 'class',
    names: isComplete ? [...order.keys()].map((label) => labels[label]) : [],
    sets: known.map((label) => [order.get(label) ?? 0]),
  };
}

/** What a run stores of the table of which some rows are held out, to find out whether it is the same later. */
export function tableFacts(dataset: Dataset<unknown, string>): { readonly rows: number; readonly fingerprint: string } {
  const { kind, names, sets } = strataOf(dataset);
  const rows = dataset.examples.map((example, i) => [
    inputOf(example),
    kind === 'class' ? sets[i][0] : sets[i].map((label) => names[label]),
  ]);
  return { rows: rows.length, fingerprint: fingerprint(rows) };
}

/** The class of an example that has one. */
function labelOf(example: unknown): number | null {
  const label = (example as { readonly label?: unknown } | null)?.label;
  return typeof label === 'number' ? label : null;
}

/** The labels or tags of an example that has a list of them. */
function numbersIn(example: unknown, field: 'labels' | 'tags'): readonly number[] | null {
  const list = (example as { readonly labels?: unknown; readonly tags?: unknown } | null)?.[field];
  return Array.isArray(list) && list.every((value) => typeof value === 'number') ? list : null;
}
