import { InputError } from '../errors.ts';

/** Examples whose label is the number of a class, or which have a list of such numbers, where there are classes. */
interface Labelled {
  readonly labels: readonly string[] | null;
  readonly examples: readonly unknown[];
  readonly positive?: number;
}

/** Fields with numbers of classes, and whether their order says nothing, so that they rise. */
const fields: Readonly<Record<string, boolean>> = { label: false, labels: true, tags: false };

function moved(example: unknown, places: readonly number[]): unknown {
  const values = Object.entries(example as Readonly<Record<string, unknown>>).map(([field, value]) => {
    if (!Object.hasOwn(fields, field)) return [field, value];
    if (!Array.isArray(value)) return [field, typeof value === 'number' ? places[value] : value];
    const numbers = value.map((number: number) => places[number]);
    return [field, fields[field] ? numbers.sort((a, b) => a - b) : numbers];
  });
  return Object.fromEntries(values);
}

/**
 * Returns the dataset with its classes in another order, as a model's head has them.
 *
 * @param labels null: as it is
 * @throws InputError naming a class that is not among them
 */
export function withLabels<D extends Labelled>(dataset: D, labels: readonly string[] | null): D {
  const own = dataset.labels;
  if (!own || !labels || own.every((label, i) => label === labels[i])) return dataset;
  const places = own.map((label) => labels.indexOf(label));
  const unknown = own.find((_, i) => places[i] === -1);
  if (unknown !== undefined) {
    throw new InputError(`The data have the class '${unknown}', the model has ${labels.join(', ')}.`);
  }
  const examples = dataset.examples.map((example) => moved(example, places));
  return { ...dataset, labels: [...labels], examples, positive: places[dataset.positive ?? 1] };
}
