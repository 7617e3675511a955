import { type Entity, getEntities } from '../metrics/entities.ts';
import { entityReport } from '../metrics/entity-report.ts';
import type { EntityTags } from '../metrics/entity-tags.ts';
import { classesPart, type ReportParts } from './class-parts.ts';
import { examplesPart, type JudgedExample } from './examples-part.ts';

/** Sentences that a model has tagged. */
export interface EntityAnswers {
  /** Words by sentences. */
  readonly sentences: readonly (readonly string[])[];
  /** Their tags, as the model gives them. */
  readonly predictions: readonly (readonly string[])[];
  /** The tags that are right. */
  readonly labels: readonly (readonly string[])[];
}

/**
 * The report of a model that tags words, where tags mark entities: the scores of each type as seqeval gives them, and the sentences with
 * the most errors.
 */
export function entityParts(answers: EntityAnswers, { areEntities, scheme }: EntityTags): ReportParts {
  if (!areEntities) return { warnings: [], parts: [] };
  const { sentences, predictions, labels } = answers;
  const report = entityReport(predictions, labels, { scheme });
  const types = Object.entries(report.perType).map(([name, scores]) => ({ name, scores }));
  const never = types.filter(({ scores }) => scores.support > 0 && scores.recall === 0);
  const warnings = never.map(({ name, scores }) => `No "${name}" is found (0 of ${scores.support}).`);
  const wrong = sentences.flatMap((words, i) =>
    wrongIn(words, getEntities(predictions[i], scheme), getEntities(labels[i], scheme)),
  );
  const errors = examplesPart('Sentences with the most errors', wrong, { measure: 'errors' });
  return { warnings, parts: types.length === 0 ? [] : [classesPart('Entities', types, report), errors] };
}

/** The entities of a sentence that one side alone has, if there are some; their number is what it is ordered by. */
function wrongIn(words: readonly string[], found: readonly Entity[], right: readonly Entity[]): JudgedExample[] {
  const others = (some: readonly Entity[], of: readonly Entity[]) =>
    of.filter((a) => !some.some((b) => a.type === b.type && a.start === b.start && a.end === b.end));
  const told = (some: readonly Entity[]) =>
    some.map(({ type, start, end }) => `${words.slice(start, end).join(' ')} (${type})`).join(', ') || 'none';
  const [missed, invented] = [others(found, right), others(right, found)];
  if (missed.length + invented.length === 0) return [];
  const value = missed.length + invented.length;
  return [{ texts: [words.join(' ')], expected: told(missed), predicted: told(invented), value }];
}
