import { entityReport } from '../metrics/entity-report.ts';
import type { EntityTags } from '../metrics/entity-tags.ts';
import { classesPart, type ReportParts } from './class-parts.ts';

/**
 * The report of a model that tags words: the scores of each type of entity as seqeval gives them, where tags mark some.
 *
 * @param predictions tags by sentences
 * @param labels the same of the truth
 */
export function entityParts(
  predictions: readonly (readonly string[])[],
  labels: readonly (readonly string[])[],
  { areEntities, scheme }: EntityTags,
): ReportParts {
  if (!areEntities) return { warnings: [], parts: [] };
  const report = entityReport(predictions, labels, { scheme });
  const types = Object.entries(report.perType).map(([name, scores]) => ({ name, scores }));
  const never = types.filter(({ scores }) => scores.support > 0 && scores.recall === 0);
  const warnings = never.map(({ name, scores }) => `No "${name}" is found (0 of ${scores.support}).`);
  return { warnings, parts: types.length === 0 ? [] : [classesPart('Entities', types, report)] };
}
