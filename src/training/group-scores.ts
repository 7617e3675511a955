import type { Scores } from './task.ts';

/**
 * The scores of each group of examples by itself, under their names with that of the group: `accuracy_matched`.
 *
 * @param groups of all examples, undefined for those of none
 * @param scoresFor the scores of the examples with these numbers
 */
export function groupScores(
  groups: readonly (string | undefined)[],
  scoresFor: (examples: readonly number[]) => Scores,
): Scores {
  const scores = [...new Set(groups)].flatMap((group) => {
    if (group === undefined) return [];
    const own = groups.flatMap((other, i) => (other === group ? [i] : []));
    return Object.entries(scoresFor(own)).map(([name, value]) => [`${name}_${group}`, value]);
  });
  return Object.fromEntries(scores);
}
