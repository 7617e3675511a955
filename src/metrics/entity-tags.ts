import { type Entity, getEntities } from './entities.ts';
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
