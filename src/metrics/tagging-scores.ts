import { type Entity, getEntities } from './entities.ts';
import { entityReport } from './entity-report.ts';
import type { TagScheme } from './tag-schemes.ts';

/** The names of the scores of tagged words, the primary one first: of entities, and the fraction of tags that are right. */
export const taggingScoreNames = ['f1', 'precision', 'recall', 'accuracy'] as const;
export type TaggingScoreName = (typeof taggingScoreNames)[number];

/** How tags mark entities. */
export interface EntityTags {
  readonly areEntities: boolean;
  /** The scheme by which they are read where that is not the lenient rule of conlleval. */
  readonly scheme?: TagScheme;
}

/** Finds out whether tags mark entities, as `O`, `B-PER` and `I-PER` do; those with L and U are BILOU, which has strict rules alone. */
export function entityTags(tags: readonly string[]): EntityTags {
  const have = (letters: string) => tags.every((tag) => tag === 'O' || new RegExp(`^[${letters}](-|$)`).test(tag));
  const isOther = tags.some((tag) => tag !== 'O');
  if (isOther && have('BIES')) return { areEntities: true };
  return isOther && have('BILU') ? { areEntities: true, scheme: 'BILOU' } : { areEntities: false };
}

/** The entities of tagged words; where tags mark none, every word is one. */
export function taggedEntities(tags: readonly string[], { areEntities, scheme }: EntityTags): Entity[] {
  if (areEntities) return getEntities(tags, scheme);
  return tags.map((type, start) => ({ type, start, end: start + 1 }));
}

/**
 * The scores of predicted tags: those of entities as seqeval gives them, where they mark some, and the accuracy.
 *
 * @param predictions by sentences
 * @throws RangeError as {@link entityReport}
 */
export function taggingScores(
  predictions: readonly (readonly string[])[],
  labels: readonly (readonly string[])[],
  { areEntities, scheme }: EntityTags,
): Partial<Record<TaggingScoreName, number>> {
  if (areEntities) {
    const { micro, tokenAccuracy } = entityReport(predictions, labels, { scheme });
    return { f1: micro.f1, precision: micro.precision, recall: micro.recall, accuracy: tokenAccuracy };
  }
  const right = labels.map((tags, i) => tags.filter((tag, t) => tag === predictions[i][t]).length);
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  return { accuracy: sum(right) / sum(labels.map(({ length }) => length)) };
}
