import { isRecord, type Values } from './effect.ts';

/** A given setting that differs from a stored one. */
export interface Disagreement {
  /** Its name; of one inside another setting `adapter.rank`. */
  readonly key: string;
  readonly given: unknown;
  /** Undefined if it is not among the stored ones. */
  readonly stored: unknown;
}

/** `org/name` is stored as `org/name@commit`. */
const isCommitOf = (stored: unknown, given: unknown): boolean =>
  typeof stored === 'string' && typeof given === 'string' && stored.startsWith(`${given}@`);

/** The same whatever the order of fields. */
const inOrder = (value: unknown): unknown =>
  isRecord(value) ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value;

const isSame = (given: unknown, stored: unknown): boolean =>
  JSON.stringify(inOrder(given)) === JSON.stringify(inOrder(stored)) || isCommitOf(stored, given);

/** Whether a setting has settings of its own, as an adapter of some kind. */
const isNested = (value: unknown): value is Values => isRecord(value) && Object.hasOwn(value, 'kind');

/** Returns the first given setting that differs from the stored ones; of a nested one, only what is given of it counts. */
export function firstDisagreement(given: Values, stored: Values, prefix = ''): Disagreement | null {
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const other = stored[key];
    if (isRecord(value) && isNested(other)) {
      const inner = firstDisagreement(value, other, `${prefix}${key}.`);
      if (inner) return inner;
    } else if (!isSame(value, other)) return { key: `${prefix}${key}`, given: value, stored: other };
  }
  return null;
}
