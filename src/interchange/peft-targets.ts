import { InputError } from '../errors.ts';
import { isOff } from '../models/config-json.ts';
import { shown } from '../settings/index.ts';
import type { Json } from './fields.ts';
import { endsIn } from './modules.ts';

/** The target layers of a LoRA configuration of PEFT. */

/** The target modules of a configuration that names none: of BERT and RoBERTa, and of BART. */
const defaultTargets = ['query', 'value', 'q_proj', 'v_proj'];

/** The word for all linear layers but the head. */
const ALL_LINEAR = 'all-linear';

/** Few parts that repeat, and none inside another: such an expression is soon done with the name of a layer. */
const isQuick = (pattern: string): boolean =>
  pattern.length <= 1000 && !/\)[*+{]|\\[1-9]|\(\?[^:]/.test(pattern) && (pattern.match(/[*+{]/g) ?? []).length <= 4;

/** A regular expression of Python, which must fit from the first character on; null for one that could take for ever. */
function expression(pattern: string, end = ''): RegExp | null {
  try {
    return isQuick(pattern) ? new RegExp(`^(?:${pattern})${end}`) : null;
  } catch {
    return null;
  }
}

const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [String(value)]);

/** Returns whether a module is one of those named: by an expression, or by the ends of their paths. Null where that is not known. */
function isNamed(module: string, names: unknown): boolean | null {
  if (typeof names !== 'string') return listOf(names).some((name) => endsIn(module, name));
  return expression(names, '$')?.test(module) ?? null;
}

/** The number of the layer that a module is in; undefined outside of layers, and null where that is not known. */
function layerOf(module: string, containers: readonly string[]): number | undefined | null {
  for (const container of containers) {
    const pattern = expression(`.*\\.(?:${container})\\.(\\d+)\\.`);
    if (!pattern) return null;
    const found = pattern.exec(module)?.at(-1);
    if (found !== undefined) return Number(found);
  }
  return undefined;
}

/** Returns whether the configuration means the module; null where that is not known. */
function isMeant(module: string, config: Json): boolean | null {
  const { exclude_modules: excluded, layers_to_transform: layers, layers_pattern: pattern } = config;
  const targets = config.target_modules ?? defaultTargets;
  if (!isOff(excluded) && excluded !== '') {
    const isExcluded = isNamed(module, excluded);
    if (isExcluded !== false) return isExcluded === null ? null : false;
  }
  if (targets === ALL_LINEAR) return true;
  const named = isNamed(module, targets);
  const isAnyLayer = layers === undefined || layers === null || (Array.isArray(layers) && layers.length === 0);
  // A path that is named whole is meant whatever the layers are, and an expression says which itself.
  if (!named || typeof targets === 'string' || listOf(targets).includes(module) || isAnyLayer) return named;
  const layer = layerOf(module, isOff(pattern) || pattern === '' ? ['[^.]*'] : listOf(pattern));
  return layer === null ? null : layer !== undefined && listOf(layers).includes(String(layer));
}

/**
 * Checks that a configuration means all the layers that the file has weights of: PEFT makes no adapter in others, and leaves their
 * weights out.
 *
 * @param label the configuration, for messages
 * @returns warnings
 * @throws InputError naming a layer that it does not mean
 */
export function checkTargets(label: string, config: Json, modules: readonly string[]): string[] {
  const answers = modules.map((module) => isMeant(module, config));
  const other = modules.find((_, i) => answers[i] === false);
  if (other !== undefined) {
    const fields = ['target_modules', 'exclude_modules', 'layers_to_transform', 'layers_pattern']
      .filter((name) => name === 'target_modules' || !isOff(config[name]))
      .map((name) => `${name} ${shown(config[name])}`);
    throw new InputError(
      `${label}: the file has LoRA weights of ${other}, which ${fields.join(', ')} ${fields.length > 1 ? 'do' : 'does'} not mean, so PEFT would not use them; correct the configuration, or take them out.`,
    );
  }
  if (!answers.includes(null)) return [];
  return [`${label}: its patterns are too complex to be checked; LoRA is in all layers that the file has weights of.`];
}
