import { configOf, shira } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { inFile } from './fields.ts';
import { refuseHeadModules } from './modules.ts';
import { targetModules } from './peft-lora.ts';
import type { PeftMethod } from './peft-method.ts';
import { meantWeights, targetNames } from './peft-targets.ts';
import { PLACE, type Weight } from './portable.ts';

const END = `.shira_weight.${PLACE}`;

/** The linear layers that are changed. */
const modulesOf = (weights: readonly Weight[]): string[] =>
  weights.filter(({ name }) => name.endsWith(END)).map(({ name }) => name.slice(0, -END.length));

/** The places of the weights that are changed, and their changes. */
function entriesOf({ values, kept }: Weight): { readonly places: number[]; readonly values: number[] } {
  const places = Array.from(values.keys()).filter((i) => kept?.[i] !== 0);
  return { places, values: places.map((i) => values[i]) };
}

/** PEFT's rank, which gives the number of weights: so many times in + out. @throws InputError if a layer has not so many */
function rankFor(adapter: readonly Weight[]): number {
  const sizes = adapter
    .filter(({ name }) => name.endsWith(END))
    .map((weight) => {
      const [out, inner] = weight.shape;
      return { weight, ends: out + inner, needed: Math.ceil(entriesOf(weight).places.length / (out + inner)) };
    });
  const rank = Math.max(1, ...sizes.map(({ needed }) => needed));
  const small = sizes.find(({ weight, ends }) => rank * ends > weight.values.length);
  if (!small) return rank;
  throw new InputError(
    `PEFT's SHiRA gives every layer ${rank} times as many weights as it has inputs and outputs, and ${small.weight.name.slice(0, -END.length)} has fewer; prune more of them, or merge the adapter into the checkpoint.`,
  );
}

/** Returns whether all of a list is what fills it up, as that of a layer in which nothing is left to change. */
const isFilling = (values: Float32Array, places: readonly Float32Array[]): boolean =>
  values.length > 1 && values.every((value) => value === 0) && places.every((own) => own.every((n) => n === own[0]));

/** SHiRA: for each layer the changes, and where they are. PEFT adds those of the same place, so that zeros can fill a list up. */
export const peftShira: PeftMethod = {
  peftType: 'SHIRA',
  kind: 'shira',
  prefix: 'base_model.model.',
  warnings: () => [],
  fields: [
    ...['target_modules', 'exclude_modules', 'modules_to_save', 'r', 'mask_type', 'random_seed'],
    ...['fan_in_fan_out', 'init_weights'],
  ],

  fileName: (name) => peftShira.prefix + name.replace(`.${PLACE}`, ''),

  fileWeights(weight, adapter) {
    if (!weight.name.endsWith(END)) return null;
    const [out, inner] = weight.shape;
    const { places, values } = entriesOf(weight);
    const count = rankFor(adapter) * (out + inner);
    const filled = Array.from({ length: count }, (_, i) => places[i] ?? places[0] ?? 0);
    const indices = [...filled.map((place) => Math.floor(place / inner)), ...filled.map((place) => place % inner)];
    const name = peftShira.fileName(weight.name);
    return [
      { name, shape: [count], values: Float32Array.from(filled, (_, i) => values[i] ?? 0) },
      {
        name: name.replace(/weight$/, 'indices'),
        shape: [2, count],
        values: Float32Array.from(indices),
        isInteger: true,
      },
    ];
  },

  ownWeights(label, weights) {
    const indices = new Map(
      weights.filter(({ name }) => name.endsWith('.shira_indices')).map((own) => [own.name, own]),
    );
    return weights
      .filter(({ name }) => !indices.has(name))
      .map((weight) => {
        if (!weight.name.endsWith('.shira_weight')) return weight;
        const own = indices.get(weight.name.replace(/weight$/, 'indices'));
        const [count] = weight.shape;
        if (own?.shape.length !== 2 || own.shape[0] !== 2 || own.shape[1] !== count) {
          throw new InputError(
            `${label}: "${weight.name}" has ${count} weights, and its shira_indices are no places of them.`,
          );
        }
        const places = [own.values.subarray(0, count), own.values.subarray(count)] as const;
        if (!isFilling(weight.values, places)) return { ...weight, places };
        return { ...weight, values: new Float32Array(0), places: [[], []] as const };
      });
  },

  ownWeight(weight) {
    const module = /^base_model\.model\.(.*)\.shira_weight$/.exec(weight.name)?.[1];
    return module === undefined ? null : { ...weight, name: module + END };
  },

  config({ settings, adapter }, modulesToSave) {
    const { targetModules: names, leaveOut } = configOf(settings);
    const modules = modulesOf(adapter);
    return {
      fan_in_fan_out: false,
      init_weights: true,
      mask_type: 'random',
      modules_to_save: modulesToSave,
      r: rankFor(adapter),
      random_seed: null,
      target_modules: leaveOut ? modules : targetModules(names as readonly string[], modules),
    };
  },

  meant: (label, config, weights) => meantWeights(label, config, weights, modulesOf(weights)),

  settings(label, config, weights) {
    const modules = modulesOf(weights);
    refuseHeadModules(label, 'SHiRA', modules);
    return inFile(label, () =>
      shira.configure({ rank: (config.r ?? 32) as number, targetModules: targetNames(config, modules) }),
    );
  },
};
