import type { Answerer, AnswererSpec } from './answerer.ts';

/** Makes what a description says. @throws InputError for what cannot be loaded */
export async function openAnswerer(spec: AnswererSpec): Promise<Answerer> {
  if (spec.kind === 'model') return (await import('./model-answerer.ts')).ModelAnswerer.open(spec);
  return (await import('./adapter-bank.ts')).AdapterBank.open(spec);
}
