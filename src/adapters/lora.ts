import { InputError } from '../errors.ts';
import { EmbeddingPoint, type ProjectionPoint } from '../models/attachments.ts';
import type { Parameter } from '../nn/index.ts';
import {
  boolean,
  type ConfigOf,
  names,
  oneOf,
  option,
  positiveInteger,
  positiveNumber,
  probability,
} from '../settings/index.ts';
import { isBias, trainedInPlace } from './backbone-weights.ts';
import { type BuildContext, defineFamily } from './family.ts';
import { leaveOut } from './leave-out.ts';
import { LowRank } from './low-rank.ts';
import { LowRankEmbedding } from './low-rank-embedding.ts';
import { endsIn, targetPoints } from './targets.ts';

/** The options for layers with other sizes than the rest. */
export const patterns = {
  rankPattern: option(names, {
    description: 'other ranks of some layers, by the end of their path: query=4',
    placeholder: '<layer=rank>',
    default: [],
    defaultText: 'none',
    isOptional: true,
  }),
  alphaPattern: option(names, {
    description: 'other numerators of some layers',
    placeholder: '<layer=alpha>',
    default: [],
    defaultText: 'none',
    isOptional: true,
  }),
};

const options = {
  rank: option(positiveInteger, { description: 'rank of the change', default: 8 }),
  alpha: option(positiveNumber, { description: 'numerator of its scale, alpha / rank', default: 8 }),
  ...patterns,
  rslora: option(boolean, { description: 'scale by alpha / sqrt(rank)', default: false }),
  dora: option(boolean, { description: 'train the lengths of the rows, too (DoRA)', default: false, isOptional: true }),
  loraBias: option(boolean, { description: 'a bias beside each change', default: false, isOptional: true }),
  bias: option(oneOf(['none', 'all', 'lora_only']), {
    description: 'biases of the backbone that are trained with it: all, or those of its layers',
    default: 'none',
    isOptional: true,
  }),
  modulesToSave: option(names, {
    description: 'modules of the backbone that are trained whole, by the end of their path: word_embeddings',
    default: [],
    defaultText: 'none',
    isOptional: true,
  }),
  dropout: option(probability, { description: 'dropout on its input', flag: 'adapter-dropout', default: 0 }),
  targetModules: option(names, {
    description:
      'linear layers, by the end of their path: query, key, value (in BART also q_proj, k_proj, v_proj), attention.output.dense, ...; word_embeddings and other tables, but of BART',
    default: ['query', 'value'],
  }),
  init: option(oneOf(['lora', 'bert']), { description: 'starting values', default: 'lora', whenPruned: 'bert' }),
  leaveOut,
};
type LoraConfig = ConfigOf<typeof options>;

/** The number that a pattern gives a layer; the first entry that means it counts. @throws InputError for an entry without a number */
export function patternNumber(key: string, pattern: readonly string[], module: string): number | undefined {
  const entries = pattern.map((entry) => {
    const [, end, text] = /^(.+)=([^=]+)$/.exec(entry) ?? [];
    const value = Number(text);
    if (end === undefined || !(value > 0) || (key !== 'alphaPattern' && !Number.isSafeInteger(value))) {
      throw new InputError(
        `lora: ${key} has '${entry}'; each entry must be the end of a layer's path, = and a number above 0.`,
      );
    }
    return { end, value };
  });
  return entries.find(({ end }) => endsIn(module, end))?.value;
}

/** The rank of the change of a layer, and its scale. @throws InputError for a pattern that is none */
export function loraSizes(
  {
    rank,
    alpha,
    rslora,
    rankPattern = [],
    alphaPattern = [],
  }: Pick<LoraConfig, 'rank' | 'alpha'> & Partial<LoraConfig>,
  module: string,
): { readonly rank: number; readonly scale: number } {
  const own = patternNumber('rankPattern', rankPattern, module) ?? rank;
  const numerator = patternNumber('alphaPattern', alphaPattern, module) ?? alpha;
  return { rank: own, scale: numerator / (rslora ? Math.sqrt(own) : own) };
}

/** The weights of the backbone that are trained beside the changes. @throws InputError for a module that is not there */
function trainedBeside(
  { backbone }: BuildContext,
  { bias = 'none', modulesToSave = [] }: LoraConfig,
  layers: ReadonlySet<string>,
): Parameter[] {
  const moduleOf = ({ name }: Parameter) => name.replace(/\.[^.]+$/, '');
  // A module is meant with all that is in it.
  const isIn = (parameter: Parameter, end: string) =>
    moduleOf(parameter)
      .split('.')
      .some((_, i, parts) => endsIn(parts.slice(0, i + 1).join('.'), end));
  const unknown = modulesToSave.find((end) => !backbone.some((parameter) => isIn(parameter, end)));
  if (unknown !== undefined)
    throw new InputError(`lora: modulesToSave names '${unknown}', and no module of the backbone is called so.`);
  const adapted = backbone.find(
    (parameter) => layers.has(moduleOf(parameter)) && modulesToSave.some((end) => isIn(parameter, end)),
  );
  if (adapted)
    throw new InputError(
      `lora: ${moduleOf(adapted)} is in modulesToSave and among the targetModules; leave it out of one.`,
    );
  const isTrainedBias = (parameter: Parameter) =>
    isBias(parameter) && (bias === 'all' || (bias === 'lora_only' && layers.has(moduleOf(parameter))));
  return backbone.filter((parameter) => isTrainedBias(parameter) || modulesToSave.some((end) => isIn(parameter, end)));
}

/**
 * LoRA (Hu et al., 2022): W x + b + s · B A x at linear layers and tables of the model, A [rank, in], B [out, rank], with s = alpha / rank,
 * or alpha / √rank (rsLoRA, Kalajdzievski, 2023). The defaults are those of PEFT's `LoraConfig` for BERT.
 */
export const lora = defineFamily({
  kind: 'lora',
  summary: 'low-rank changes of linear layers',
  options,
  title: ({ rank }) => `lora ${rank}`,
  build: (context, config) => {
    const { name, points, at } = context;
    const { embedding = [], projection } = points;
    const layers = targetPoints('lora', [...embedding, ...projection], config.targetModules);
    const { init, dropout, loraBias: hasBias = false, dora = false } = config;
    const [tables, modules] = [new Map<EmbeddingPoint, LowRankEmbedding>(), new Map<ProjectionPoint, LowRank>()];
    for (const point of layers) {
      const [sizes, path] = [loraSizes(config, point.name), at(point.name)];
      if (point instanceof EmbeddingPoint) {
        if (hasBias || dora)
          throw new InputError(
            `lora: ${point.name} is a table, which has no ${hasBias ? 'loraBias' : 'dora'}; leave one of both out.`,
          );
        tables.set(point, new LowRankEmbedding(path, point, name, { ...sizes, init }));
      } else modules.set(point, new LowRank(path, point, name, { ...sizes, init, dropout, hasBias, dora }));
    }
    const all = [...tables.values(), ...modules.values()];
    const beside = trainedInPlace(trainedBeside(context, config, new Set(layers.map((point) => point.name))));
    const own = all.flatMap(({ parameters }) => parameters);
    return {
      embedding: tables,
      projection: modules,
      chains: { lora: all.map(({ a, b }) => [a, b]) },
      parameters: [...own, ...beside.parameters],
      weights: beside.weights,
      mergedWeights: () => new Map(all.flatMap((module) => module.merged())),
    };
  },
});
