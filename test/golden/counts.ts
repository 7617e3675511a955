import { type AdaptableModel, houlsby, pfeiffer } from '../../src/adapters/index.ts';
import { countParameters } from '../../src/training/index.ts';
import { baseBart, baseModel } from '../support/base-model.ts';
import type { Case } from './framework.ts';

/** How many parameters an adapter on a model of full size has and keeps. */
export interface CountRow {
  /** A name such as `bert-base`, or `base` for what BERT and RoBERTa have in common, before remarks. */
  readonly model: string;
  readonly r: number;
  /** Default: two, as Houlsby's. */
  readonly adapters_per_layer?: number;
  readonly sparsity: number;
  readonly total_weights: number;
  readonly kept_weights: number;
  readonly biases: number;
}

const makers: Readonly<Record<string, () => AdaptableModel>> = {
  'bert-base': () => baseModel('bert'),
  'roberta-base': () => baseModel('roberta'),
  'bart-base': () => baseBart('base'),
  'bert-large': () => baseModel('bert', 'large'),
  'roberta-large': () => baseModel('roberta', 'large'),
  'bart-large': () => baseBart('large'),
};

/** Models of full size, made once. */
const made = new Map<string, AdaptableModel>();

function modelsFor(text: string): AdaptableModel[] {
  const [first] = text.split(/[ ,]/, 1);
  return (first === 'base' ? ['bert-base', 'roberta-base'] : [first]).map((name) => {
    if (!Object.hasOwn(makers, name)) throw new Error(`counts.json: unknown model ${text}`);
    const model = made.get(name) ?? makers[name]();
    made.set(name, model);
    return model;
  });
}

/** Starting values that cost no time: nobody reads them. */
const init = 'mam_adapter';
const families: Readonly<Record<number, typeof houlsby | typeof pfeiffer>> = { 1: pfeiffer, 2: houlsby };

export function countCase(row: CountRow): Case {
  const { model, r, sparsity, adapters_per_layer = 2, total_weights, kept_weights, biases } = row;
  return {
    name: `counts ${model} r=${r} s=${sparsity}`,
    isOfNoBackend: true,
    run: (compare) => {
      if (!Object.hasOwn(families, adapters_per_layer)) {
        throw new Error(`counts.json: unknown kind of adapter, ${adapters_per_layer} in each layer`);
      }
      const adapter = families[adapters_per_layer].configure({ bottleneck: r, init });
      for (const base of modelsFor(model)) {
        const { prunable, others } = countParameters(base, { adapter, pruning: 'snip', sparsity });
        compare('total', [prunable.total], [total_weights], 0);
        compare('kept', [prunable.kept], [kept_weights], 0);
        compare('biases', [others], [biases], 0);
      }
    },
  };
}
