import { registerFamily } from '../adapters/index.ts';
import * as onlyLoaded from '../adapters/only-loaded.ts';
import { InputError } from '../errors.ts';
import { isEncoderDecoder, unknownFields } from '../models/browser.ts';
import { denseFile, readDenseFile } from './dense-file.ts';
import { sortedJson, textField } from './fields.ts';
import type { AdapterFormat } from './format.ts';
import { isHeadModule, isPooler, loraModules } from './modules.ts';
import { noSuchKind } from './no-such-kind.ts';
import { peftAdalora } from './peft-adalora.ts';
import { peftHra } from './peft-hra.ts';
import { peftIa3 } from './peft-ia3.ts';
import { peftLnTuning } from './peft-ln-tuning.ts';
import { peftLoha } from './peft-loha.ts';
import { peftLokr } from './peft-lokr.ts';
import { peftLora } from './peft-lora.ts';
import type { PeftMethod } from './peft-method.ts';
import { peftOft } from './peft-oft.ts';
import { peftPTuning } from './peft-p-tuning.ts';
import { peftPrefix } from './peft-prefix.ts';
import { peftPrompt } from './peft-prompt.ts';
import { pythonLines } from './peft-python.ts';
import { pythonTableFields, pythonTables, withSharedTable } from './peft-shared-table.ts';
import { peftShira } from './peft-shira.ts';
import { peftVera } from './peft-vera.ts';
import { PLACE, type PortableAdapter, type Weight } from './portable.ts';
import { headOfTask } from './stated-head.ts';
import { withoutTied } from './tied-head.ts';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';
const PICKLE = 'adapter_model.bin';

for (const family of Object.values(onlyLoaded)) registerFamily(family);

const methods: readonly PeftMethod[] = [
  ...[peftLora, peftPrefix, peftPrompt, peftPTuning, peftIa3, peftLnTuning, peftVera, peftShira],
  ...[peftAdalora, peftLoha, peftLokr, peftOft, peftHra],
];

/** Fields of every `adapter_config.json`. */
const commonFields =
  'peft_type task_type auto_mapping base_model_name_or_path revision inference_mode peft_version'.split(' ');

/** The task and the modules that are trained with the adapter, as PEFT names both. */
function taskOf({ config, head, headKind }: PortableAdapter): {
  readonly task: string;
  readonly modules: readonly string[] | null;
} {
  if (head.length === 0) {
    return { task: isEncoderDecoder(config) ? 'SEQ_2_SEQ_LM' : 'FEATURE_EXTRACTION', modules: null };
  }
  // What is below the last layer, where it was trained too.
  const below = ['pooler', 'head'].filter((module) => head.some(({ name }) => name.split('.').includes(module)));
  if (headKind === 'question-answering')
    return {
      task: 'QUESTION_ANS',
      modules: head.some(({ name }) => name.startsWith('qa_outputs.')) ? ['qa_outputs'] : ['classifier', ...below],
    };
  const modules = ['classifier', 'score'];
  // PEFT knows no module of this name.
  if (isEncoderDecoder(config)) return { task: 'SEQ_CLS', modules: ['classification_head', ...modules] };
  if (headKind === 'token-classification') return { task: 'TOKEN_CLS', modules: [...modules, ...below] };
  return { task: 'SEQ_CLS', modules: [...modules, ...below] };
}

function configOf(method: PeftMethod, adapter: PortableAdapter): Record<string, unknown> {
  const { task, modules } = taskOf(adapter);
  return {
    auto_mapping: null,
    base_model_name_or_path: adapter.backbone,
    inference_mode: true,
    peft_type: method.peftType,
    revision: null,
    task_type: task,
    ...method.config(adapter, modules),
  };
}

/** The name of a weight in the model that PEFT adapts, which without a head is the encoder alone. */
const nameIn = ({ head, config }: PortableAdapter, { name }: Weight): string =>
  head.length === 0 && !isEncoderDecoder(config) && name.startsWith(`${config.prefix}.`)
    ? name.slice(config.prefix.length + 1)
    : name;

/** PEFT takes the names of classes from the configuration of the base model, so they are written in its form. */
function classesNote({ labels }: PortableAdapter): string[] {
  if (!labels) return [];
  const id2label = JSON.stringify(Object.fromEntries(labels.map((label, i) => [i, label])));
  return [`PEFT's files name no classes; give the base model id2label=${id2label}.`];
}

/** @throws InputError if it is no weight of the adapter and of no module of the model */
function ownWeight(method: PeftMethod, label: string, weight: Weight): Weight {
  const own = method.ownWeight(weight);
  if (own) return own;
  if (weight.name.startsWith(method.prefix)) return { ...weight, name: weight.name.slice(method.prefix.length) };
  throw new InputError(`${label}: tensor "${weight.name}" does not begin with ${method.prefix} as in PEFT's files.`);
}

/**
 * The folders of PEFT (Hugging Face): `adapter_config.json`, and `adapter_model.safetensors` with the adapter and the modules that
 * were trained with it. They name no classes.
 */
export const peft: AdapterFormat = {
  fileNames: [CONFIG, WEIGHTS],
  matches: (files) => files.has(CONFIG) && Object.hasOwn(files.json(CONFIG), 'peft_type'),

  write(adapter) {
    const { kind } = adapter.settings;
    const method = methods.find((candidate) => candidate.kind === kind);
    if (!method) throw noSuchKind('PEFT', kind);
    const named = adapter.adapter.map((weight) => ({ ...weight, name: nameIn(adapter, weight) }));
    const hasOutput = adapter.headKind === 'text-generation';
    const weights = [
      ...named
        .flatMap((weight) => pythonTables(weight, hasOutput))
        .flatMap(
          (weight) =>
            method.fileWeights?.(weight, named, adapter.config) ?? {
              ...weight,
              name: method.fileName(weight.name, named),
            },
        ),
      ...adapter.head.map((weight) => ({ ...weight, name: method.prefix + weight.name })),
    ];
    return {
      files: {
        [CONFIG]: sortedJson(pythonTableFields(configOf(method, { ...adapter, adapter: named }), hasOutput)),
        [WEIGHTS]: denseFile(weights),
      },
      warnings: [
        ...method.warnings(adapter.settings),
        ...pythonLines(method.peftType, adapter),
        ...classesNote(adapter),
      ],
    };
  },

  read(files) {
    const config = files.json(CONFIG);
    const label = files.path(CONFIG);
    const method = methods.find(({ peftType }) => peftType === config.peft_type);
    if (!method) {
      const known = methods.map(({ peftType }) => peftType).join(', ');
      throw new InputError(`${label}: peft_type ${JSON.stringify(config.peft_type)} is not supported; ${known} are.`);
    }
    const tensors = readDenseFile(files, WEIGHTS, PICKLE);
    const named = (method.ownWeights?.(files.path(WEIGHTS), tensors) ?? tensors).map((weight) =>
      ownWeight(method, files.path(WEIGHTS), weight),
    );
    const { weights: joined, warnings: left } = withSharedTable(label, config, named);
    const { weights: own, tied } = withoutTied(withoutCopies(joined));
    const { weights, warnings } = method.meant(label, config, own);
    return {
      label: files.label,
      settings: method.settings(label, config, weights),
      weights,
      tied,
      mixed: new Map(),
      backbone: { name: textField(config, 'base_model_name_or_path'), revision: textField(config, 'revision') },
      stated: headOfTask(label, config),
      warnings: [
        ...left,
        ...warnings,
        ...unknownFields(config, new Set([...commonFields, ...method.fields]), label),
        ...headLines(label, weights),
      ],
      fileName: (name) => (isOfAdapter(name) ? method.fileName(name) : method.prefix + name),
    };
  },
};

/** With trained biases PEFT saves those of a module that is saved whole three times. */
function withoutCopies(weights: readonly Weight[]): Weight[] {
  const names = new Set(weights.map(({ name }) => name));
  return weights.filter(({ name }) => {
    const plain = [/\.(modules_to_save|original_module)(?=\.)/, /\.modules_to_save\.[^.]+(?=\.)/];
    return !plain.some((copy) => copy.test(name) && names.has(name.replace(copy, '')));
  });
}

/** Lines on LoRA that is merged into a part of the head. */
function headLines(label: string, weights: readonly Weight[]): string[] {
  const modules = loraModules(weights).filter(isHeadModule);
  const pooler = modules.some(isPooler)
    ? [`${label}: LoRA on the pooler is merged into it; the pooler goes with the head from now on.`]
    : [];
  const others = modules.filter((module) => !isPooler(module));
  return others.length > 0 ? [...pooler, `${label}: LoRA on ${others.join(' and ')} is merged into the head.`] : pooler;
}

const isOfAdapter = (name: string): boolean => name.split('.').includes(PLACE);
