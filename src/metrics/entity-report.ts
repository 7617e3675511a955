import { type Entity, getEntities } from './entities.ts';
import {
  type ClassCounts,
  type ClassScores,
  macroAverage,
  microAverage,
  ratio,
  scoresOfCounts,
  weightedAverage,
} from './precision-recall.ts';
import type { TagScheme } from './tag-schemes.ts';

/** The scores of predicted entities, as fractions. */
export interface EntityReport {
  /** By type, in alphabetical order; of the types that occur in labels or predictions. */
  readonly perType: Readonly<Record<string, ClassScores>>;
  /** Of the counts of all types together: the F1 of entities that people report. */
  readonly micro: ClassScores;
  /** The plain mean over the types; NaN where there is none. */
  readonly macro: ClassScores;
  /** The mean over the types, weighted by their entities in the labels. */
  readonly weighted: ClassScores;
  /** The fraction of tags that are equal, those outside of entities included. */
  readonly tokenAccuracy: number;
}

/**
 * The scores of entities as seqeval computes them: an entity is found if type, start and end are equal in the same sentence.
 *
 * @param predictions tags of the tokens, by sentences
 * @param labels the same of the truth
 * @param options `scheme` lets well-formed entities of one scheme count alone, see {@link getEntities}
 * @throws RangeError if there are not as many predictions as labels, in a sentence too, for no sentences, and for a bad tag
 */
export function entityReport(
  predictions: readonly (readonly string[])[],
  labels: readonly (readonly string[])[],
  { scheme }: { readonly scheme?: TagScheme } = {},
): EntityReport {
  assertSentences(predictions, labels);
  const counts = new Map<string, { truePositives: number; predicted: number; support: number }>();
  const countsOf = (type: string) => {
    const known = counts.get(type) ?? { truePositives: 0, predicted: 0, support: 0 };
    counts.set(type, known);
    return known;
  };
  const key = ({ type, start, end }: Entity) => `${start} ${end} ${type}`;
  let [equal, tokens] = [0, 0];
  for (const [i, tags] of labels.entries()) {
    const expected = entitiesIn('labels', i, tags, scheme);
    const known = new Set(expected.map(key));
    for (const { type } of expected) countsOf(type).support++;
    for (const entity of entitiesIn('predictions', i, predictions[i], scheme)) {
      const ofType = countsOf(entity.type);
      ofType.predicted++;
      if (known.has(key(entity))) ofType.truePositives++;
    }
    tokens += tags.length;
    equal += tags.reduce((count, tag, t) => count + (tag === predictions[i][t] ? 1 : 0), 0);
  }
  const types = [...counts.keys()].sort();
  const inOrder: ClassCounts[] = types.map(countsOf);
  const scores = inOrder.map(scoresOfCounts);
  return {
    perType: Object.fromEntries(types.map((type, i) => [type, scores[i]])),
    micro: microAverage(inOrder),
    macro: macroAverage(scores),
    weighted: weightedAverage(scores),
    tokenAccuracy: ratio(equal, tokens),
  };
}

function entitiesIn(name: string, sentence: number, tags: readonly string[], scheme?: TagScheme): Entity[] {
  try {
    return getEntities(tags, scheme);
  } catch (error) {
    throw error instanceof RangeError ? new RangeError(`${name}[${sentence}]: ${error.message}`) : error;
  }
}

function assertSentences(predictions: readonly (readonly string[])[], labels: readonly (readonly string[])[]): void {
  if (predictions.length !== labels.length) {
    throw new RangeError(
      `${predictions.length} sentences of predictions cannot be compared with ${labels.length} of labels`,
    );
  }
  if (labels.length === 0) throw new RangeError('there are no sentences to compare with labels');
  for (const [i, tags] of labels.entries()) {
    if (predictions[i].length === tags.length) continue;
    throw new RangeError(`sentence ${i} has ${predictions[i].length} predictions and ${tags.length} labels`);
  }
}
