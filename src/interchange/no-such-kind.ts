import { InputError } from '../errors.ts';

/** The families that each format can write. */
const kinds = {
  peft: ['lora', 'prefix', 'prompt-tuning', 'vera', 'shira', 'ia3', 'ln-tuning'],
  adapterhub: ['lora', 'ia3', 'prefix', 'bottleneck', 'houlsby', 'pfeiffer', 'parallel', 'mam', 'fusion'],
  huggingface: ['bitfit', 'full'],
};

/** The error of a library that lacks a kind of adapter, with the format that has it. */
export function noSuchKind(library: string, kind: string): InputError {
  const [format = 'sparse'] = Object.entries(kinds).find(([, own]) => own.includes(kind)) ?? [];
  return new InputError(`${library} has no adapter of the kind '${kind}'; write it as ${format}.`);
}
