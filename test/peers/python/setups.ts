import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { AdapterSettings } from '../../../src/adapters/index.ts';
import { Random } from '../../../src/index.ts';
import { adapterFormats, loadAdapterSetup, portableAdapter } from '../../../src/interchange/index.ts';
import { loadClassifier } from '../../../src/models/index.ts';
import { assertInputError } from '../../io/input-error.ts';
import { temporaryFolder } from '../../io/temporary.ts';
import { adapterSetFor, titleOf } from '../../support/adapters.ts';
import { backbones } from './backbones.ts';
import { largestDifference, TOLERANCE } from './compare.ts';
import type { EnvironmentName } from './environments.ts';
import type { Answer, Job } from './script.ts';
import { type Inputs, inputsFor, outputsOf } from './tasks.ts';
import type { TheirConfig } from './theirs.ts';

interface Setup {
  readonly type: string;
  readonly children: readonly (Setup | string)[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

const bottleneck = { reduction_factor: 4 };
const configs = {
  pfeiffer: { class: 'SeqBnConfig', fields: bottleneck },
  early: { class: 'SeqBnConfig', fields: { ...bottleneck, leave_out: [1] } },
  houlsby: { class: 'DoubleSeqBnConfig', fields: bottleneck },
  parallel: { class: 'ParBnConfig', fields: bottleneck },
  lora: { class: 'LoRAConfig', fields: { r: 3, alpha: 6 } },
  prefix: { class: 'PrefixTuningConfig', fields: { prefix_length: 3, bottleneck_size: 5 } },
} as const satisfies Record<string, TheirConfig>;

type Kind = keyof typeof configs;

const of = (type: string, children: readonly (Setup | string)[], kwargs?: Setup['kwargs']): Setup => ({
  type,
  children: children.map((child) => (typeof child === 'string' ? { type: 'single', children: [child] } : child)),
  ...(kwargs && { kwargs }),
});
const split = (...names: readonly string[]) => of('BatchSplit', names, { batch_sizes: [1, 1] });

/** The kinds of the adapters a, b and c, their composition, and the words with which it is refused. */
const cases: readonly (readonly [kinds: readonly Kind[], setup: Setup, refusal?: RegExp])[] = [
  [['houlsby', 'pfeiffer', 'early'], of('Stack', ['a', 'b', 'c'])],
  [['prefix', 'lora', 'pfeiffer'], of('Stack', ['a', 'b', 'c'])],
  [['pfeiffer', 'pfeiffer', 'pfeiffer'], of('Stack', ['a', of('Fuse', ['b', 'c'])])],
  [['pfeiffer', 'pfeiffer', 'pfeiffer'], of('Stack', ['a', split('b', 'c')])],
  [['pfeiffer', 'pfeiffer'], of('Fuse', ['a', 'b'])],
  ...(['houlsby', 'parallel', 'lora', 'prefix'] as const).map((kind) => [[kind, kind], split('a', 'b')] as const),
  [['pfeiffer', 'pfeiffer'], of('Average', ['a', 'b'])],
  [['houlsby', 'houlsby'], of('Average', ['a', 'b'], { weights: [3, 1] })],
  [['lora', 'lora'], of('Average', ['a', 'b'], { weights: [1, 3] })],
  [['parallel', 'parallel'], of('Average', ['a', 'b'])],
  [['pfeiffer', 'pfeiffer', 'pfeiffer'], of('Stack', ['a', of('Average', ['b', 'c'])])],
  ...(['houlsby', 'lora', 'prefix'] as const).map((kind) => [[kind, kind], of('Parallel', ['a', 'b'])] as const),
  [['lora', 'lora'], of('Stack', ['a', 'b']), /a Stack of several LoRA adapters/],
  [['parallel', 'parallel'], of('Stack', ['a', 'b']), /a Stack of parallel adapters/],
];

interface SetupJob extends Job {
  readonly saved: string;
  readonly inputs: readonly Inputs[];
  readonly refusal?: RegExp;
}

const jobs = cases.map(([kinds, setup, refusal], i): SetupJob & Readonly<Record<string, unknown>> => ({
  id: `setup ${i}: ${setup.type} of ${kinds.join(', ')}`,
  script: 'adapters_setup',
  model: backbones.bert,
  class: 'AutoModelForSequenceClassification',
  options: { num_labels: 2 },
  adapters: Object.fromEntries(kinds.map((kind, at) => ['abc'[at], configs[kind]])),
  setup,
  // A batch is split into its two rows.
  inputs: inputsFor({ task: 'classification', backbone: 'bert' }).filter(({ input_ids }) => input_ids.length === 2),
  saved: join(temporaryFolder(), 'saved'),
  refusal,
}));

/** The rows of inputs several times over, as a Parallel repeats them. */
const repeated = (inputs: Inputs, copies: number): Inputs => ({
  input_ids: Array.from({ length: copies }, () => inputs.input_ids).flat(),
  ...(inputs.token_type_ids && {
    token_type_ids: Array.from({ length: copies }, () => inputs.token_type_ids ?? []).flat(),
  }),
});

/** A stack and averages that are written here, and what they compute. */
const written: readonly (AdapterSettings & { readonly adapters: readonly string[] })[] = [
  { kind: 'composed', adapters: ['houlsby-1', 'pfeiffer-2'] },
  { kind: 'composed', adapters: ['pfeiffer-1', 'pfeiffer-2'], factors: [0.375, 0.125] },
  { kind: 'composed', adapters: ['parallel-1', 'parallel-2'], factors: [0.25, 0.25], keepsValue: true },
];
const ours = await Promise.all(
  written.map(async (settings) => {
    const { model } = loadClassifier(backbones.bert, new Random(1), () => ({ labels: ['no', 'yes'] }));
    const set = adapterSetFor(model, settings);
    set.activate(set.add('default', settings).name);
    const mixed = settings.adapters.map((name) => set.get(name));
    const portable = await portableAdapter(model, set.get('default'), backbones.bert, mixed);
    const inputs = inputsFor({ task: 'classification', backbone: 'bert' });
    const job = {
      id: `our ${titleOf(settings)}`,
      script: 'adapters_read',
      model: backbones.bert,
      class: 'AutoModelForSequenceClassification',
      options: { num_labels: 2 },
      flexible: false,
      adapter: temporaryFolder(adapterFormats.adapterhub.write(portable, 'ours').files),
      inputs,
    };
    return { job, expected: inputs.map((given) => outputsOf({ network: model }, given)) };
  }),
);

/** Setups that AdapterHub's library makes, saves and computes, and those that it reads. */
export const setupJobs = (name: EnvironmentName): readonly Job[] =>
  name === 'transformers-4' ? [...jobs, ...ours.map(({ job }) => job)] : [];

export function testSetups(answerTo: (name: EnvironmentName, job: Job) => Answer): void {
  const test = suite('peers: setups of AdapterHub');

  for (const job of jobs) {
    test(`${job.id}: ${job.refusal ? 'refused' : 'the same logits'}`, () => {
      const { outputs, error } = answerTo('transformers-4', job);
      assert.ok(outputs, error);
      const { model } = loadClassifier(backbones.bert, new Random(1), () => ({ labels: ['LABEL_0', 'LABEL_1'] }));
      if (job.refusal) {
        assertInputError(() => loadAdapterSetup(model, job.saved), job.refusal);
        return;
      }
      assert.ok(loadAdapterSetup(model, job.saved, { texts: 2 }).hasHead);
      const copies = (job.setup as Setup).type === 'Parallel' ? 2 : 1;
      const difference = largestDifference(
        job.inputs.map((inputs) => outputsOf({ network: model }, repeated(inputs, copies))),
        outputs,
      );
      assert.ok(difference <= TOLERANCE, `logits differ by ${difference}`);
    });
  }

  for (const { job, expected } of ours) {
    test(`${job.id} in AdapterHub: the same logits`, () => {
      const { outputs, error } = answerTo('transformers-4', job);
      assert.ok(outputs, error);
      const difference = largestDifference(outputs, expected);
      assert.ok(difference <= TOLERANCE, `logits differ by ${difference}`);
    });
  }

  test.run();
}
