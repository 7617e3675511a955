import { isGlueTask, knownDatasets, windowDefaults, xsumFile } from '../data/index.ts';
import { isFolder } from '../io/index.ts';
import { generationFrom } from '../models/index.ts';
import { methodSettings } from '../pruning/index.ts';
import type { OptionValue } from '../settings/index.ts';
import type { ChosenSettings } from './choices.ts';
import { type DataSettings, isHubGlue, type RunSettings } from './settings.ts';
import type { GivenSettings } from './settings-table.ts';

/** The data of flat settings. */
export function dataOf(flat: ChosenSettings): DataSettings {
  const { task, data, dataset, subset, evalData, text = [], label = '', labelKind = 'auto', target = '' } = flat;
  const { stride = windowDefaults.stride, maxTargetLength = 128, rougeTokenizer, skipInvalid } = flat;
  const reading = skipInvalid ? { skipInvalid } : {};
  const source = dataset ?? data ?? '';
  const hub = { dataset: source, ...(subset !== undefined && { subset }) };
  if (task === 'wordnet') {
    return { kind: 'wordnet', trainPerClass: flat.trainPerClass ?? 100, evalPerClass: flat.evalPerClass ?? 50 };
  }
  if (isGlueTask(task)) return { kind: 'glue', task, folder: source, ...reading };
  if (task === 'squad' || task === 'question-answering') {
    if (dataset !== undefined) return { kind: 'squad', ...hub, stride };
    return { kind: 'squad', train: source, eval: evalData ?? null, stride };
  }
  if (task === 'xsum' || task === 'text2text-generation') {
    const columns = task === 'xsum' ? knownDatasets.xsum.columns : { text: text[0], target };
    const words = rougeTokenizer === 'unicode' ? { rougeTokenizer } : {};
    const how = { ...columns, maxTargetLength, generation: generationFrom(flat), ...words, ...reading };
    if (dataset !== undefined) return { kind: 'pairs', ...hub, ...how };
    const isParts = task === 'xsum' && isFolder(source);
    const [train, test] = isParts ? [xsumFile(source, 'train'), xsumFile(source, 'test')] : [source, null];
    return { kind: 'pairs', train, eval: evalData ?? test, ...how };
  }
  if (dataset !== undefined) return { kind: 'dataset', ...hub, text, label, labelKind, ...reading };
  return { kind: 'table', train: source, eval: evalData ?? null, text, label, labelKind, ...reading };
}

function pruningOf(flat: ChosenSettings): RunSettings['pruning'] {
  const {
    pruning: method,
    sparsity = 0.4,
    largeSparse,
    pruningScope: scope = 'global',
    pruningTargets: prunable,
  } = flat;
  if (method === 'none') return null;
  const own = Object.keys(methodSettings()).flatMap((key) => {
    const value = (flat as Readonly<Record<string, unknown>>)[key];
    return value === undefined ? [] : [[key, value as OptionValue]];
  });
  return {
    method,
    sparsity: largeSparse === undefined ? sparsity : { largeSparse },
    scope,
    prunable,
    iterations: flat.pruningIterations,
    examples: flat.pruningExamples ?? 320,
    options: Object.fromEntries(own),
  };
}

/** The same settings as a run takes them. */
export function nestedSettings(flat: ChosenSettings & { readonly maxLength: number }): RunSettings {
  const {
    lrSchedulerType,
    learningRate,
    epochs,
    batchSize = 16,
    batchTokens,
    groupByLength,
    warmupRatio,
    weightDecay,
  } = flat;
  const { betas, maxGradNorm, model, maxLength, seed, backend, pooling = 'cls', evaluations, fused } = flat;
  return {
    model,
    data: dataOf(flat),
    adapter: flat.adapter,
    ...(fused && { fused }),
    pruning: pruningOf(flat),
    training: {
      learningRate,
      epochs,
      batchSize: batchTokens === undefined ? batchSize : { tokens: batchTokens },
      batchOrder: groupByLength ? 'bucketed' : 'shuffled',
      lrSchedulerType,
      warmupRatio,
      weightDecay,
      betas,
      maxGradNorm,
    },
    pooling,
    maxLength,
    ...(flat.cacheFrozenLayers && { dropoutBelow: false }),
    trainHead: !flat.freezeHead,
    ...(!flat.ignoreMismatchedSizes && { ignoreMismatchedSizes: false }),
    seed,
    backend,
    ...(evaluations !== 1 && { evaluations }),
  };
}

function flatData(data: DataSettings): GivenSettings {
  const source =
    'dataset' in data
      ? { dataset: data.dataset, subset: data.subset }
      : 'train' in data
        ? { data: data.train, ...(data.eval !== null && { evalData: data.eval }) }
        : {};
  switch (data.kind) {
    case 'glue':
      return { task: data.task, ...(isHubGlue(data) ? { dataset: data.folder } : { data: data.folder }) };
    case 'squad':
      return { task: 'squad', ...source, stride: data.stride };
    case 'pairs': {
      const { text, target, maxTargetLength, rougeTokenizer = 'ascii', skipInvalid = false } = data;
      const { sampling, numBeams, minLength, lengthPenalty, earlyStopping, noRepeatNgramSize } = data.generation;
      const drawn = sampling ? { doSample: true, ...sampling } : {};
      const searched = { numBeams, minLength, lengthPenalty, earlyStopping, noRepeatNgramSize, ...drawn };
      return { ...source, text: [text], target, maxTargetLength, rougeTokenizer, skipInvalid, ...searched };
    }
    case 'table':
    case 'dataset': {
      const { text, label, labelKind, skipInvalid = false } = data;
      return { ...source, text, label, labelKind, skipInvalid };
    }
    case 'wordnet':
      return { task: 'wordnet', trainPerClass: data.trainPerClass, evalPerClass: data.evalPerClass };
    default:
      return {};
  }
}

/** Settings of a run as they are given. */
export function flatSettings(settings: RunSettings): GivenSettings {
  const { model, data, adapter, fused, pruning, training, pooling, maxLength, seed, backend } = settings;
  const { batchSize, batchOrder, ...trainer } = training;
  return {
    model,
    ...flatData(data),
    adapter,
    fuse: fused?.map(({ name, run }) => `${name}=${run}`),
    pruning: pruning?.method ?? 'none',
    ...(pruning && {
      ...(typeof pruning.sparsity === 'number' ? { sparsity: pruning.sparsity } : pruning.sparsity),
      pruningScope: pruning.scope,
      pruningTargets: pruning.prunable,
      pruningIterations: pruning.iterations,
      pruningExamples: pruning.examples,
      ...pruning.options,
    }),
    ...trainer,
    ...(typeof batchSize === 'number' ? { batchSize } : { batchTokens: batchSize.tokens }),
    groupByLength: batchOrder === 'bucketed',
    pooling,
    maxLength,
    cacheFrozenLayers: settings.dropoutBelow === false,
    freezeHead: !settings.trainHead,
    ignoreMismatchedSizes: settings.ignoreMismatchedSizes ?? true,
    seed,
    backend,
    evaluations: settings.evaluations ?? 1,
  };
}
