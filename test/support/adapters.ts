import { registerActivations } from '../../src/adapters/bottleneck.ts';
import { type AdaptableModel, type Adapter, AdapterSet, type AdapterSettings } from '../../src/adapters/index.ts';
import { moreActivations } from '../../src/adapters/more-activations.ts';
import { Random, type Tensor, tidy } from '../../src/index.ts';
import { packSequences, type SequenceClassifier, type TokenSequence } from '../../src/models/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { maskOf, weightsOf } from './parameters.ts';

registerActivations(moreActivations);

/**
 * Settings of every family that fit the tiny models. What holds for all adapters is tested on each (families.test.ts): a new
 * family needs an entry here.
 */
export const smallSettings: Readonly<Record<string, readonly AdapterSettings[]>> = {
  bitfit: [{ kind: 'bitfit' }],
  bottleneck: [
    { kind: 'bottleneck', bottleneck: 3, sublayers: 'attention' },
    {
      kind: 'bottleneck',
      activation: 'gelu',
      bottleneck: 3,
      bottleneckPattern: ['0=2'],
      reads: 'input',
      normAfter: 'contribution',
    },
    { kind: 'bottleneck', bottleneck: 3, reads: 'normalised', addsTo: 'normalised', normBefore: true, leaveOut: [1] },
    {
      kind: 'bottleneck',
      activation: 'mish',
      bottleneck: 3,
      scale: 'channel',
      reads: 'normalised',
      addsTo: 'sum',
      normAfter: 'sum',
      endsSublayer: true,
    },
  ],
  full: [{ kind: 'full' }],
  fusion: [
    { kind: 'fusion', adapters: ['pfeiffer-1', 'pfeiffer-2', 'pfeiffer-3'] },
    { kind: 'fusion', adapters: ['houlsby-1', 'houlsby-2'] },
  ],
  houlsby: [
    { kind: 'houlsby', bottleneck: 3 },
    { kind: 'houlsby', bottleneck: 3, form: 'sparse-adapter', dropout: 0 },
    { kind: 'houlsby', bottleneck: 3, activation: 'prelu', leaveOut: [0] },
  ],
  ia3: [
    { kind: 'ia3' },
    { kind: 'ia3', targetModules: ['query', 'intermediate.dense'], feedforwardModules: ['query'] },
  ],
  'ln-tuning': [{ kind: 'ln-tuning' }],
  lora: [
    { kind: 'lora', rank: 2, init: 'bert' },
    { kind: 'lora', rank: 2, init: 'bert', dora: true, targetModules: ['query', 'intermediate.dense'] },
    { kind: 'lora', rank: 2, init: 'bert', loraBias: true },
    {
      kind: 'lora',
      rank: 2,
      init: 'bert',
      rankPattern: ['layer.1.attention.self.query=3', 'query=1'],
      alphaPattern: ['value=2.5'],
      bias: 'lora_only',
      modulesToSave: ['LayerNorm', 'word_embeddings'],
    },
    { kind: 'lora', rank: 1, init: 'bert', bias: 'all' },
    { kind: 'lora', rank: 2, init: 'bert', targetModules: ['word_embeddings', 'position_embeddings', 'query'] },
    {
      kind: 'lora',
      rank: 3,
      alpha: 6,
      rslora: true,
      targetModules: ['key', 'attention.output.dense', 'intermediate.dense', 'output.dense'],
      init: 'bert',
    },
  ],
  mam: [
    { kind: 'mam', bottleneck: 3, init: 'bert', prefixLength: 2, prefixBottleneck: 3 },
    { kind: 'mam', bottleneck: 3, init: 'bert', scale: 'learned', prefixFlat: true, equalSplit: true },
    { kind: 'mam', bottleneck: 3, init: 'bert', prefixLength: 2, prefixBottleneck: 3, leaveOut: [1] },
  ],
  parallel: [
    { kind: 'parallel', bottleneck: 3, init: 'bert' },
    { kind: 'parallel', bottleneck: 3, init: 'bert', scale: 'learned' },
  ],
  pfeiffer: [{ kind: 'pfeiffer', bottleneck: 3, activation: 'gelu' }],
  prefix: [
    { kind: 'prefix', prefixLength: 3, prefixBottleneck: 4 },
    { kind: 'prefix', prefixLength: 1, prefixFlat: true },
    { kind: 'prefix', prefixLength: 2, prefixBottleneck: 3, leaveOut: [0] },
  ],
  shira: [
    { kind: 'shira', rank: 2 },
    { kind: 'shira', rank: 3, targetModules: ['key', 'intermediate.dense', 'output.dense'], leaveOut: [1] },
  ],
  vera: [
    { kind: 'vera', rank: 5 },
    {
      kind: 'vera',
      rank: 3,
      targetModules: ['key', 'intermediate.dense', 'output.dense'],
      dInitial: 0.5,
      leaveOut: [0],
    },
  ],
  'prompt-tuning': [{ kind: 'prompt-tuning', promptLength: 3 }],
};

/** Settings of families that only files bring; reading PEFT's files makes them known. */
export const loadedSettings: readonly AdapterSettings[] = [
  { kind: 'adalora', rank: 3, alpha: 4, rankPattern: ['layer.1.attention.self.query=1'] },
  { kind: 'hra', rank: 2 },
  { kind: 'hra', rank: 3, gramSchmidt: true, targetModules: ['intermediate.dense'] },
  { kind: 'loha', rank: 2, alpha: 4, rankPattern: ['query=3'], alphaPattern: ['layer.0.attention.self.value=1'] },
  { kind: 'lokr', rank: 1 },
  { kind: 'lokr', rank: 1, decomposeBoth: true, decomposeFactor: 4, targetModules: ['output.dense'] },
  { kind: 'lokr', rank: 8, targetModules: ['query', 'intermediate.dense'] },
  { kind: 'oft', blockSize: 4 },
  { kind: 'oft', blockSize: 2, blockShare: true, targetModules: ['intermediate.dense', 'key'] },
  { kind: 'oft', blockSize: 4, neumannTerms: 0 },
];

/** Settings with which an adapter changes nothing before it is trained. */
export const identitySettings: readonly AdapterSettings[] = [
  { kind: 'full' },
  { kind: 'houlsby', bottleneck: 3, init: 'mam_adapter' },
  { kind: 'houlsby', bottleneck: 3, init: 'mam_adapter', form: 'sparse-adapter', dropout: 0 },
  { kind: 'bitfit' },
  { kind: 'ia3' },
  { kind: 'ln-tuning' },
  { kind: 'lora' },
  { kind: 'lora', targetModules: ['word_embeddings', 'token_type_embeddings'] },
  { kind: 'lora', dora: true, loraBias: true, bias: 'all' },
  { kind: 'parallel', bottleneck: 3 },
  { kind: 'pfeiffer', bottleneck: 3, init: 'mam_adapter' },
  { kind: 'shira', rank: 2 },
  { kind: 'vera', rank: 4 },
];

/** The adapters that a family mixes, `<kind>-<number>`, as if they were trained before. */
export function adapterSetFor(model: AdaptableModel, { adapters }: AdapterSettings): AdapterSet {
  const set = new AdapterSet(model);
  for (const name of Array.isArray(adapters) ? adapters : []) {
    liven(set.add(name, { kind: name.replace(/-.*/, ''), bottleneck: 3 }), name);
  }
  return set;
}

/** A model's only active adapter, beside those that it mixes. */
export function attach(model: AdaptableModel, settings: AdapterSettings): Adapter {
  const set = adapterSetFor(model, settings);
  const adapter = set.add('default', settings);
  set.activate('default');
  return adapter;
}

export const titleOf = (settings: AdapterSettings): string =>
  Object.values(settings)
    .map((value) => String(value))
    .join(' ');

/** Two sequences of different lengths. */
export const twoTexts: readonly TokenSequence[] = [{ ids: [2, 14, 8, 18, 3] }, { ids: [2, 22, 3] }];

export const logitsTensor = (model: SequenceClassifier, texts = twoTexts, random?: Random): Tensor =>
  model.forward(packSequences(texts, model.encoder.positionIds), random);

export const logits = (model: SequenceClassifier, texts = twoTexts, random?: Random): number[] =>
  tidy(() => Array.from(logitsTensor(model, texts, random).dataSync()));

/** Numbers as of a trained adapter in place of those it starts with, none of them 0. */
export function liven({ parameters }: Pick<Adapter, 'parameters'>, seed: string | number = 'lively'): void {
  for (const parameter of parameters) {
    const random = new Random(`${seed} ${parameter.name}`);
    const places = maskOf(parameter);
    const start = weightsOf(parameter);
    parameter.load(
      start.map((value, i) => (places?.[i] === 0 ? 0 : value + random.normal(0, 0.2))),
      places,
    );
    parameter.fixMask();
  }
}

/** Prunes about half of some matrices, whatever their scores; the masks are final, as after any pruning. */
export function maskRandomly(parameters: readonly Parameter[], seed: string | number = 'mask'): void {
  for (const parameter of parameters) {
    const random = new Random(`${seed} ${parameter.name}`);
    parameter.setMask(Array.from({ length: parameter.size }, () => (random.uniform() < 0.5 ? 0 : 1)));
    parameter.fixMask();
  }
}
