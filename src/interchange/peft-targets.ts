import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { isOff } from '../models/config-json.ts';
import { shown } from '../settings/index.ts';
import type { Json } from './fields.ts';
import { endsIn } from './modules.ts';
import { PLACE, type Weight } from './portable.ts';

/** The target layers of a LoRA configuration of PEFT. */

/** The target modules of a configuration that names none: of BERT and RoBERTa, of BART and its relatives, and of T5. */
const defaultTargets = ['query', 'value', 'q_proj', 'v_proj', 'q', 'v'];

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
 * The weights of a file without those of layers that its configuration does not mean: PEFT makes no adapter there, and leaves them out.
 *
 * @param label the configuration, for messages
 * @param modules the layers that the file has weights of
 * @param isOwn whether a weight of such a layer is the adapter's
 */
export function meantWeights(
  label: string,
  config: Json,
  weights: readonly Weight[],
  modules: readonly string[],
  isOwn: (weight: Weight) => boolean = ({ name }) => name.includes(PLACE),
): { readonly weights: readonly Weight[]; readonly warnings: readonly string[] } {
  const answers = new Map(modules.map((module) => [module, isMeant(module, config)]));
  const others = modules.filter((module) => answers.get(module) === false);
  const unknown = [...answers.values()].includes(null)
    ? [`${label}: its patterns are too complex to be checked; all layers are taken that the file has weights of.`]
    : [];
  if (others.length === 0) return { weights, warnings: unknown };
  const fields = ['target_modules', 'exclude_modules', 'layers_to_transform', 'layers_pattern']
    .filter((name) => name === 'target_modules' || !isOff(config[name]))
    .map((name) => `${name} ${shown(config[name])}`);
  const line = `${label}: the file has weights of ${others[0]}${others.length > 1 ? ` and ${others.length - 1} more layers` : ''}, which ${fields.join(', ')} ${fields.length > 1 ? 'do' : 'does'} not mean; they are left out, as PEFT does.`;
  if (others.length === modules.length) throw new InputError(`${line} None is left.`);
  return {
    weights: weights.filter(
      (weight) => !(isOwn(weight) && others.some((module) => weight.name.startsWith(`${module}.`))),
    ),
    warnings: [...unknown, line],
  };
}

/** Names for the layers of a file: those of the configuration, if they say by themselves which layers are meant. */
export function targetNames(config: Json, modules: readonly string[]): readonly string[] {
  const { target_modules: named, layers_to_transform: layers = null, exclude_modules: excluded } = config;
  const isPlain = Array.isArray(named) && layers === null && isOff(excluded);
  const matching = (isPlain ? named.map(String) : []).filter((name) => modules.some((module) => endsIn(module, name)));
  return matching.length > 0 ? matching : modules;
}

/**
 * The number that a pattern of PEFT gives a layer, by the first key that fits; undefined if none does.
 *
 * @throws InputError for a key that could take for ever, and for a value that is no number
 */
export function patternValue(label: string, config: Json, field: string, module: string): number | undefined {
  const pattern = config[field];
  for (const [key, value] of Object.entries(isJsonObject(pattern) ? pattern : {})) {
    const fitting = expression(`(?:.*\\.)?(?:${key})`, '$');
    if (!fitting)
      throw new InputError(
        `${label}: the key ${shown(key)} of ${field} is too complex; name layers by the end of their path.`,
      );
    if (!fitting.test(module)) continue;
    if (typeof value === 'number') return value;
    throw new InputError(`${label}: ${field} gives ${shown(key)} the value ${shown(value)}; it must be a number.`);
  }
  return undefined;
}
