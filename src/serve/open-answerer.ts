import { InputError } from '../errors.ts';
import type { Answerer, AnswererSpec } from './answerer.ts';

/** Makes what a description says. @throws InputError for what cannot be loaded */
export async function openAnswerer(spec: AnswererSpec): Promise<Answerer> {
  if (spec.kind === 'model') return (await import('./model-answerer.ts')).ModelAnswerer.open(spec);
  throw new InputError('A bank of adapters cannot be opened yet.');
}
