import { entityReport } from './entity-report.ts';
import type { EntityTags, TaggingScoreName } from './entity-tags.ts';

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
