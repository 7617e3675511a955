import { InputError } from '../errors.ts';

/** Examples whose label is the number of a class, where there are classes. */
interface Labelled {
  readonly labels: readonly string[] | null;
  readonly examples: readonly unknown[];
  readonly positive?: number;
}

const hasLabel = (example: unknown): example is { readonly label: number } =>
  typeof example === 'object' && example !== null && typeof (example as { label?: unknown }).label === 'number';

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
  const examples = dataset.examples.map((example) =>
    hasLabel(example) ? { ...example, label: places[example.label] } : example,
  );
  return { ...dataset, labels: [...labels], examples, positive: places[dataset.positive ?? 1] };
}
