import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Adapter, AdapterSet, bitfit, configOf, loraSizes, prefix } from '../../src/adapters/index.ts';
import { InputError } from '../../src/errors.ts';
import { grad, matmul, mul, tensor, tidy, transpose } from '../../src/index.ts';
import { loadAdapterFolder } from '../../src/interchange/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import { packPadded, SequenceClassifier } from '../../src/models/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { type Area, type Case, type Compare, caseFolders, readJson } from './framework.ts';
import { type MergingCase, runMerging } from './merging.ts';
import { type LabelledBatch, labelsOf, openModel, unpack } from './models.ts';

interface MethodCase {
  readonly backbone: string;
  readonly architecture: string;
  readonly inputs: LabelledBatch;
  readonly tensors: Readonly<Record<string, { tol: number }>>;
  readonly scalars: { readonly loss: { readonly value: number; readonly tol: number } };
}

/** Cases of models that are not built; they are listed and not run. */
const architectures: Readonly<Record<string, string>> = {
  GPT2LMHeadModel: 'GPT-2',
  LlamaForCausalLM: 'Llama',
};

/** Methods that are refused, by `peft_type`. */
const refused: readonly string[] = ['fourierft'];

interface Adapted {
  readonly model: SequenceClassifier;
  readonly adapters: AdapterSet;
  readonly adapter: Adapter;
}

const classifierOf = (folder: string): SequenceClassifier => {
  const { config, root } = openModel(folder);
  return new SequenceClassifier(root, config, { labels: labelsOf(config) });
};

/** BitFit, which is no method of PEFT: the file has the names of the backbone. */
function withBiases(model: SequenceClassifier, folder: string): Adapted {
  const adapters = new AdapterSet(model);
  const adapter = adapters.add('default', bitfit());
  adapters.activate('default');
  const stored = openSafetensors(join(folder, 'adapter_model.safetensors'));
  const places = new Map(model.parameters().map((parameter) => [parameter.name, parameter]));
  for (const name of stored.names()) places.get(name)?.load(stored.readFloat32(name), null);
  const missing = adapter.parameters.find(({ name }) => !stored.has(name));
  if (missing) throw new Error(`${missing.name} is not in the file`);
  return { model, adapters, adapter };
}

function loaded(backbone: string, folder: string): Adapted {
  const model = classifierOf(backbone);
  if (!existsSync(join(folder, 'adapter_config.json'))) return withBiases(model, folder);
  return { model, ...loadAdapterFolder(model, folder) };
}

/** A parameter's name in the golden files, whose keys lose their wrappers' parts the same way: see {@link plainKey}. */
const plainName = ({ name }: Parameter): string =>
  /\.prefix_tunings\..*\.control_trans$|\.prompt_embeddings\.default$/.test(name)
    ? 'prompt_embeddings'
    : name.replace(/\.default(?=\.|$)/, '').replace(/(lora_magnitude_vector)\.weight$/, '$1');

const plainKey = (key: string): string =>
  key
    .replace(/^base_model\.(model\.)?/, '')
    .replace(/\.(base_layer|ln_tuning_layers)(?=\.)/, '')
    .replace(/(oft_R)\.weight$/, '$1');

/** The names in the prompt network of the golden files of a prefix that has its network. */
const networkNames: readonly (readonly [ours: RegExp, theirs: string])[] = [
  [/\.self_prefix\.wte\./, 'embedding.'],
  [/\.self_prefix\.control_trans\./, 'transform.'],
];

const networkName = (name: string): string | null => {
  const found = networkNames.find(([ours]) => ours.test(name));
  return found ? `prompt_encoder.${found[1]}${name.split(found[0])[1]}` : null;
};

/** The classifier with a prefix that comes from its network, as in training. */
function withNetwork(backbone: string, folder: string): Adapted {
  const model = classifierOf(backbone);
  const adapters = new AdapterSet(model);
  const stored = openSafetensors(join(folder, 'prompt_encoder.safetensors'));
  const { num_virtual_tokens, encoder_hidden_size } = readJson<Record<string, number>>(folder, 'adapter_config.json');
  const adapter = adapters.add(
    'default',
    prefix.configure({
      prefixLength: num_virtual_tokens,
      prefixBottleneck: encoder_hidden_size,
      prefixShiftsPositions: true,
    }),
  );
  adapters.activate('default');
  for (const parameter of adapter.parameters)
    parameter.load(stored.readFloat32(networkName(parameter.name) ?? ''), null);
  const head = openSafetensors(join(folder, 'adapter_model.safetensors'));
  for (const parameter of model.parameters().filter(({ name }) => /^classifier\./.test(name)))
    parameter.load(head.readFloat32(`base_model.${parameter.name}`), null);
  return { model, adapters, adapter };
}

/** Logits, hidden states and gradients. */
function computed({ model, adapter }: Adapted, { inputs, scalars }: MethodCase, compare: Compare) {
  const batch = packPadded(inputs, model.encoder.positionIds);
  const values: Record<string, ArrayLike<number>> = {};
  const logits = model.forward(batch);
  values.logits = logits.dataSync();
  model.encoder.hiddenStates(batch).forEach((state, i) => {
    values[`hidden_states.${i}`] = unpack(state, batch);
  });
  const loss = model.loss(logits, inputs.labels);
  compare('loss', loss.dataSync(), [scalars.loss.value], scalars.loss.tol);
  const trained = new Set([...adapter.parameters, ...model.parameters()]);
  const parameters = [...trained];
  grad(
    loss,
    parameters.map(({ value }) => value),
  ).forEach((g, i) => {
    const name = networkName(parameters[i].name) ?? plainName(parameters[i]);
    values[`grad/${name}`] = parameters[i].spread(g.dataSync());
  });
  return values;
}

/** Gradients of SHiRA in the order of its file, which lists places; ours are those of matrices. */
function atPlaces(values: Record<string, ArrayLike<number>>, { adapter }: Adapted, folder: string): void {
  const file = openSafetensors(join(folder, 'adapter_model.safetensors'));
  for (const name of file.names().filter((tensor) => tensor.endsWith('.shira_indices'))) {
    const own = plainKey(name.replace(/indices$/, 'weight'));
    const [, inner] = adapter.parameters.find((parameter) => plainName(parameter) === own)?.shape ?? [];
    const places = new Int32Array(Uint8Array.from(file.readRaw(name)).buffer);
    const count = places.length / 2;
    const gradient = values[`grad/${own}`];
    values[`grad/${own}`] = Array.from({ length: count }, (_, i) => gradient[places[i] * inner + places[count + i]]);
  }
}

const ofPooler = /^grad\/base_model\.model\.(bert\.pooler\.dense)\.(lora_[AB])\.weight$/;

/**
 * LoRA on the pooler is merged into it, so that it has no gradients of its own: they follow from that of the pooler's weight, s Bᵀ G
 * and s G Aᵀ.
 */
function checkPooler(
  { adapter }: Adapted,
  folder: string,
  values: Readonly<Record<string, ArrayLike<number>>>,
  { tensors }: MethodCase,
  expected: Expected,
  compare: Compare,
): void {
  const file = openSafetensors(join(folder, 'adapter_model.safetensors'));
  for (const [name, { tol }] of Object.entries(tensors)) {
    const [, module, part] = ofPooler.exec(name) ?? [];
    if (module === undefined) continue;
    const { rank, scale } = loraSizes(configOf(adapter.settings) as Parameters<typeof loraSizes>[0], module);
    const matrix = (letter: string) => file.readFloat32(`base_model.model.${module}.lora_${letter}.weight`);
    const inner = matrix('A').length / rank;
    const outer = matrix('B').length / rank;
    const a = tensor(matrix('A'), [rank, inner]);
    const b = tensor(matrix('B'), [outer, rank]);
    const g = tensor(Float32Array.from(values[`grad/${module}.weight`]), [outer, inner]);
    const own = part === 'lora_A' ? matmul(transpose(b), g) : matmul(g, transpose(a));
    compare(name, mul(own, scale).dataSync(), expected.readFloat32(name), tol);
  }
}

/** The merged weights of layers, and what the model with them computes, which is what it computes without. */
function checkMerged(adapted: Adapted, golden: MethodCase, expected: Expected, compare: Compare): void {
  const merged = Object.entries(golden.tensors).filter(([name]) => name.startsWith('merged_weight/'));
  if (merged.length === 0) return;
  const { model, adapters, adapter } = adapted;
  adapters.merge(adapter.name);
  for (const [name, { tol }] of merged) {
    const own = `${name.slice('merged_weight/'.length)}.weight`;
    const weight = model.parameters().find((parameter) => parameter.name === own);
    compare(name, weight?.value.dataSync(), expected.readFloat32(name), tol);
  }
  const logits = model.forward(packPadded(golden.inputs, model.encoder.positionIds));
  compare('logits, merged', logits.dataSync(), expected.readFloat32('logits'), golden.tensors.logits.tol);
}

type Expected = ReturnType<typeof openSafetensors>;

/**
 * Runs a case; its tensors are those of the adapter's file and of the network that made a prefix. That of p-tuning is not there: what its
 * file holds, and what loads, is the result, whose gradient is compared.
 */
function run(folder: string, golden: MethodCase, compare: Compare): void {
  const backbone = join(folder, golden.backbone);
  const expected = openSafetensors(join(folder, 'expected.safetensors'));
  const isOfNetwork = (name: string) => name.startsWith('grad/prompt_encoder.');
  tidy(() => {
    const adapted = loaded(backbone, folder);
    const values = computed(adapted, golden, compare);
    if (adapted.adapter.settings.kind === 'shira') atPlaces(values, adapted, folder);
    const hasNetwork = adapted.adapter.settings.kind === 'prefix' && Object.keys(golden.tensors).some(isOfNetwork);
    const withItsNetwork = hasNetwork ? computed(withNetwork(backbone, folder), golden, compare) : {};
    for (const [name, { tol }] of Object.entries(golden.tensors)) {
      if (name.startsWith('merged_weight/') || ofPooler.test(name) || (isOfNetwork(name) && !hasNetwork)) continue;
      const key = name.replace(/^(grad\/)?(.*)$/, (_, kind = '', tensor) => kind + plainKey(tensor));
      compare(name, isOfNetwork(name) ? withItsNetwork[key] : values[key], expected.readFloat32(name), tol);
      if (withItsNetwork[name] && !isOfNetwork(name))
        compare(`${name}, with its network`, withItsNetwork[name], expected.readFloat32(name), tol);
    }
    checkPooler(adapted, folder, values, golden, expected, compare);
    checkMerged(adapted, golden, expected, compare);
  });
}

/** A folder that must be refused by its `peft_type`. */
function runRefused(folder: string, golden: MethodCase, compare: Compare): void {
  const type = String(readJson(folder, 'adapter_config.json').peft_type);
  try {
    tidy(() => loaded(join(folder, golden.backbone), folder));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (!error.message.includes(type)) throw new Error(`the refusal does not name ${type}: ${error}`);
    compare('refusal', [1], [1], 0);
    return;
  }
  throw new Error('it was loaded; it must be refused');
}

/** Methods of PEFT with the gradients of all that they train and their merged weights, and merging of adapters. */
export const methods: Area = {
  name: 'methods',
  backends: [['wasm', {}]],
  cases: (folder) =>
    caseFolders(join(folder, 'methods')).flatMap((path): Case[] => {
      const name = basename(path);
      const golden = readJson<MethodCase>(path, 'case.json');
      const other = architectures[golden.architecture];
      if (other !== undefined) {
        console.log(`methods: ${name} is not built: ${other}`);
        return [];
      }
      if (existsSync(join(path, 'dare_masks.safetensors'))) {
        return [{ name, run: (compare) => runMerging(path, readJson<MergingCase>(path, 'case.json'), compare) }];
      }
      const runCase = refused.includes(name) ? runRefused : run;
      return [{ name, run: (compare) => runCase(path, golden, compare) }];
    }),
};
