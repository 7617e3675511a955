import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Command } from 'commander';
import { type BackendName, getBackend } from '../backends/index.ts';
import { InputError } from '../errors.ts';
import { isHeadParameter, loadClassifier, longestSequence } from '../models/index.ts';
import { Random } from '../random/index.ts';
import { memory } from '../tensor/index.ts';
import {
  hasCheckpoint,
  isFinishedRun,
  type RunSettings,
  readRunConfig,
  readRunMetrics,
  readStoppedRun,
  runDefaults,
  runFileSizes,
  tokenizerOf,
} from '../training/index.ts';
import { useBackend } from './backend.ts';
import { countSizes, layerHead, layerRows, methodName, runDocument, runRows } from './describe.ts';
import { backendNames, shared } from './options.ts';
import { formatBytes, formatCount, printJson, printTable } from './output.ts';
import { versions } from './versions.ts';

interface Flags {
  readonly backend: BackendName;
  readonly json?: boolean;
}

/** What is known of something: one document for machines, tables for people. */
interface Facts {
  readonly document: unknown;
  readonly tables: readonly { readonly rows: string[][]; readonly head?: string[] }[];
}

export function describeInfo(command: Command): void {
  command
    .description('Show what is known of a model, of a run, or of this installation.')
    .argument('[model-or-run]', 'model folder, installed npm package, or folder that train wrote')
    .addOption(shared.backend().default(runDefaults.backend))
    .addOption(shared.json());
}

export async function info(command: Command, name: string | undefined): Promise<void> {
  const { backend, json } = command.opts<Flags>();
  const { document, tables } = await factsOf(name, backend);
  if (json) return printJson(document);
  for (const { rows, head } of tables) printTable(rows, head);
}

async function factsOf(name: string | undefined, backend: BackendName): Promise<Facts> {
  if (name === undefined) return installation();
  if (isFinishedRun(name)) return finishedRun(name);
  if (hasCheckpoint(name)) return stoppedRun(name);
  await useBackend(backend);
  return model(name);
}

async function installation(): Promise<Facts> {
  const backends = [];
  for (const name of backendNames) backends.push(await describeBackend(name));
  const [cpu] = cpus();
  const machine = {
    platform: `${process.platform} ${process.arch}`,
    cpu: cpu?.model ?? 'unknown',
    threads: availableParallelism(),
    memory_bytes: totalmem(),
  };
  const rows = [
    ...Object.entries(versions),
    ['platform', machine.platform],
    ['processor', `${machine.cpu}, ${machine.threads} threads`],
    ['memory', formatBytes(machine.memory_bytes)],
    ...backends.map(({ name, ...facts }) => [`backend ${name}`, facts.error ?? `${facts.dtype}, ${facts.kernels}`]),
  ];
  return { document: { versions, ...machine, backends }, tables: [{ rows }] };
}

/** What computes, or why this machine cannot. */
async function describeBackend(
  name: BackendName,
): Promise<{ name: BackendName; dtype?: string; kernels?: string; error?: string }> {
  try {
    const backend = await useBackend(name);
    return { name, dtype: backend.dtype, kernels: backend.describe() };
  } catch (error) {
    if (error instanceof InputError) return { name, error: error.message };
    throw error;
  }
}

function finishedRun(folder: string): Facts {
  const config = readRunConfig(folder);
  const metrics = readRunMetrics(folder);
  const files = runFileSizes(folder);
  const bytes = files['adapter.safetensors'];
  const { settings, labels, pruning, command } = config;
  const rows = [
    ['backbone', settings.model],
    ['data', dataName(settings.data)],
    ['labels', labels ? labels.join(', ') : 'numbers'],
    ...runRows(config, metrics, bytes),
    ['steps', formatCount(metrics.steps)],
    ['learning rate', String(settings.training.learningRate)],
    ['epochs', String(settings.training.epochs)],
    ['batches', batchesOf(settings.training)],
    ['max length', String(settings.maxLength)],
    ['pooling', settings.pooling],
    ['seed, backend', `${settings.seed}, ${settings.backend}`],
    ['command', command.join(' ')],
    ...Object.entries(files).map(([name, size]) => [name, formatBytes(size)]),
  ];
  const layers = pruning ? [{ rows: layerRows(pruning), head: layerHead }] : [];
  return { document: { ...runDocument(folder, config, metrics, bytes), files }, tables: [{ rows }, ...layers] };
}

function stoppedRun(folder: string): Facts {
  const { settings, command, pruning, step } = readStoppedRun(folder);
  const files = runFileSizes(folder);
  const rows = [
    ['status', `stopped after step ${formatCount(step)}; continue with train --resume --output ${folder}`],
    ['backbone', settings.model],
    ['data', dataName(settings.data)],
    ['method', methodName(settings)],
    ['command', command.join(' ')],
  ];
  return { document: { status: 'stopped', step, settings, command, pruning, files }, tables: [{ rows }] };
}

const batchesOf = ({ batchSize, batchOrder }: RunSettings['training']): string =>
  `${typeof batchSize === 'number' ? `${batchSize} examples` : `up to ${batchSize.tokens} tokens`}, ${batchOrder}`;

const dataName = (data: ReturnType<typeof readRunConfig>['settings']['data']): string => {
  switch (data.kind) {
    case 'glue':
      return `${data.task} in ${data.folder}`;
    case 'wordnet':
      return `WordNet, ${data.trainPerClass} definitions per class`;
    case 'table':
      return `${data.train}, ${data.text.join(' and ')} -> ${data.label}`;
  }
};

function model(name: string): Facts {
  const loaded = loadClassifier(name, new Random(runDefaults.seed), ({ labels }) => ({ labels }));
  const { config, folder, ignored, initialized } = loaded;
  const { vocabSize } = tokenizerOf(loaded);
  const isHead = new Set(loaded.model.parameters().filter(isHeadParameter));
  const parameters = countSizes(loaded.model.parameters().filter((parameter) => !isHead.has(parameter)));
  const labels = initialized.length > 0 ? null : config.labels;
  const { bytes } = memory();
  const document = {
    name,
    folder,
    ...config,
    labels,
    parameters,
    longest_sequence: longestSequence(config),
    tokenizer_vocabulary: vocabSize,
    ignored,
    initialized,
    backend: getBackend().name,
    memory_bytes: bytes,
  };
  const rows = [
    ['folder', folder],
    ['type', config.model_type],
    ['layers', `${config.num_hidden_layers}, ${config.num_attention_heads} attention heads`],
    ['hidden', `${config.hidden_size}, feed-forward ${config.intermediate_size}, ${config.hidden_act}`],
    ['parameters', formatCount(parameters)],
    ['vocabulary', `${formatCount(config.vocab_size)}, of which the tokenizer uses ${formatCount(vocabSize)}`],
    ['longest input', `${formatCount(longestSequence(config))} tokens`],
    ['own head', labels ? labels.join(', ') : 'none'],
    ['ignored', ignored.join(', ') || 'no tensor of the checkpoint'],
    ['backend', `${getBackend().name}, ${formatBytes(bytes)} in use`],
  ];
  return { document, tables: [{ rows }] };
}
