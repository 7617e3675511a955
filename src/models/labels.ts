import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { printable, shown } from '../settings/index.ts';
import { type ConfigJson, fieldError } from './config-json.ts';

/** Class names that a library makes up: `LABEL_0`, `LABEL_1`. */
export const defaultLabels = (count: number): string[] => Array.from({ length: count }, (_, i) => `LABEL_${i}`);

/** Returns whether names are placeholders. */
export const areDefaultLabels = (labels: readonly string[]): boolean =>
  labels.every((label, i) => label === `LABEL_${i}`);

/** Names by number. @throws InputError naming the file for a number that is invalid, repeated or missing */
function byNumber(field: string, entries: readonly (readonly [unknown, unknown])[], file: string): string[] {
  const names: string[] = [];
  for (const [number, name] of entries) {
    const id = typeof number === 'string' && number !== '' ? Number(number) : number;
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) {
      throw fieldError(field, number, 'a number of a class for each name, from 0 on', file);
    }
    if (typeof name !== 'string' && typeof name !== 'number') {
      throw fieldError(field, name, 'a name for each number', file);
    }
    if (Object.hasOwn(names, id)) throw labelError(file, `${field} has two names for class ${id}`);
    names[id] = String(name);
    // A huge number would make a list of that length.
    if (id >= entries.length) throw labelError(file, `${field} has ${entries.length} names, but one is of class ${id}`);
  }
  const gap = Array.from(names).indexOf(undefined as never);
  if (gap !== -1) throw labelError(file, `${field} has no name for class ${gap}`);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw labelError(file, `${field} has the class name ${shown(twice)} twice`);
  return names;
}

const labelError = (file: string, problem: string): InputError =>
  new InputError(`${printable(file)}: ${problem}; correct the file.`);

/** The facts of a `config.json` on the outputs of its head. */
export interface StatedLabels {
  /** Class names in the order of the outputs; null if the file does not say. */
  readonly labels: readonly string[] | null;
  readonly warnings: readonly string[];
}

/**
 * Reads the class names of a `config.json`, which leaves out two default ones where a class says that there is a head.
 *
 * @throws InputError naming the file for gaps, names that are there twice, and fields that contradict each other
 */
export function parseLabels(json: ConfigJson, file: string): StatedLabels {
  const { id2label, label2id, num_labels, _num_labels, architectures } = json;
  const own =
    id2label == null ? null : isJsonObject(id2label) ? byNumber('id2label', Object.entries(id2label), file) : 0;
  if (own === 0) throw fieldError('id2label', id2label, 'an object with a name for each number', file);
  if (label2id != null && !isJsonObject(label2id)) {
    throw fieldError('label2id', label2id, 'an object with a number for each name', file);
  }
  const reverse =
    label2id == null
      ? null
      : byNumber(
          'label2id',
          Object.entries(label2id).map(([name, number]) => [number, name] as const),
          file,
        );
  const stated = num_labels ?? (own || reverse ? null : _num_labels);
  if (stated != null && !(Number.isSafeInteger(stated) && Number(stated) > 0)) {
    throw fieldError('num_labels', stated, 'a whole number above 0', file);
  }
  const names = own?.length ? own : reverse?.length ? reverse : null;
  if (names && stated != null && stated !== names.length) {
    throw labelError(
      file,
      `num_labels is ${stated}, but ${own ? 'id2label' : 'label2id'} names ${names.length} classes`,
    );
  }
  if (own?.length && reverse?.length) return agreed(own, reverse, file);
  if (names) return { labels: names, warnings: [] };
  const isClassifier = Array.isArray(architectures) && /ForSequenceClassification$/.test(String(architectures[0]));
  const count = stated ?? (isClassifier ? 2 : null);
  return { labels: typeof count === 'number' ? defaultLabels(count) : null, warnings: [] };
}

/** @throws InputError where both name the same number differently; default names in one of them contradict nothing */
function agreed(own: readonly string[], reverse: readonly string[], file: string): StatedLabels {
  if (own.length === reverse.length) {
    if (own.every((name, i) => name === reverse[i])) return { labels: own, warnings: [] };
    const used = { labels: own, field: 'id2label', other: 'label2id' };
    const [taken] = [
      ...(areDefaultLabels(reverse) ? [used] : []),
      ...(areDefaultLabels(own) ? [{ labels: reverse, field: 'label2id', other: 'id2label' }] : []),
    ];
    if (taken) {
      const line = `${file}: ${taken.other} has default names; the class names are those of ${taken.field}.`;
      return { labels: taken.labels, warnings: [line] };
    }
  }
  const i = own.findIndex((name, k) => name !== reverse[k]);
  const differing = i === -1 ? own.length : i;
  throw labelError(
    file,
    `class ${differing} is ${shown(own[differing])} in id2label and ${shown(reverse[differing])} in label2id`,
  );
}
