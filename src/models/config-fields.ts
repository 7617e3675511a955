import { InputError } from '../errors.ts';
import { activations } from '../ops/activations.ts';

export type ConfigJson = Readonly<Record<string, unknown>>;

export function fieldError(name: string, value: unknown, supported: string, file = 'config.json'): InputError {
  const given = value === undefined ? 'is missing' : `${JSON.stringify(value)} is not supported`;
  return new InputError(`${file}: ${name} ${given}; it must be ${supported}.`);
}

/** The fields of a `config.json`; each getter throws an InputError naming the field whose value it cannot accept. */
export class ConfigFields {
  readonly #json: ConfigJson;
  readonly #file: string;

  /** @param file for messages */
  constructor(json: ConfigJson, file = 'config.json') {
    this.#json = json;
    this.#file = file;
  }

  /** Not negative. */
  number(name: string, fallback?: number): number {
    const value = this.#json[name] ?? fallback;
    if (typeof value === 'number' && value >= 0) return value;
    throw fieldError(name, value, 'a number that is not negative', this.#file);
  }

  /** A positive whole number. */
  size(name: string, fallback?: number): number {
    const value = this.number(name, fallback);
    if (Number.isInteger(value) && value > 0) return value;
    throw fieldError(name, value, 'a positive whole number', this.#file);
  }

  /** Below 1. */
  probability(name: string, fallback?: number): number {
    const value = this.number(name, fallback);
    if (value < 1) return value;
    throw fieldError(name, value, 'a probability below 1', this.#file);
  }

  /** The number of heads, which must divide `width`. */
  heads(name: string, width: { readonly name: string; readonly value: number }): number {
    const value = this.size(name);
    if (width.value % value === 0) return value;
    throw fieldError(name, value, `a divisor of ${width.name} ${width.value}`, this.#file);
  }

  activation(name: string): string {
    const value = String(this.#json[name] ?? 'gelu');
    if (Object.hasOwn(activations, value)) return value;
    throw fieldError(name, value, `one of ${Object.keys(activations).join(', ')}`, this.#file);
  }

  /** Refuses every value but one, which is also the default. */
  only(name: string, supported: string | number | boolean): void {
    const value = this.#json[name] ?? supported;
    if (value !== supported) throw fieldError(name, value, String(supported), this.#file);
  }
}
