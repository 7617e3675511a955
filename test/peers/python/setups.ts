import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { Random } from '../../../src/index.ts';
import { loadAdapterSetup } from '../../../src/interchange/index.ts';
import { loadClassifier } from '../../../src/models/index.ts';
import { assertInputError } from '../../io/input-error.ts';
import { temporaryFolder } from '../../io/temporary.ts';
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
  [['pfeiffer', 'pfeiffer'], of('Average', ['a', 'b']), /the setup Average is not supported/],
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
  inputs: inputsFor('bert').filter(({ input_ids }) => input_ids.length === 2),
  saved: join(temporaryFolder(), 'saved'),
  refusal,
}));

/** Setups that AdapterHub's library makes, saves and computes. */
export const setupJobs = (name: EnvironmentName): readonly Job[] => (name === 'transformers-4' ? jobs : []);

export function testSetups(answerTo: (name: EnvironmentName, job: Job) => Answer): void {
  const test = suite('peers: setups of AdapterHub here');

  for (const job of jobs) {
    test(`${job.id}: ${job.refusal ? 'refused' : 'the same logits'}`, () => {
      const { outputs, error } = answerTo('transformers-4', job);
      assert.ok(outputs, error);
      const { model } = loadClassifier(backbones.bert, new Random(1), () => ({ labels: ['LABEL_0', 'LABEL_1'] }));
      if (job.refusal) {
        assertInputError(() => loadAdapterSetup(model, job.saved), job.refusal);
        return;
      }
      assert.ok(loadAdapterSetup(model, job.saved).hasHead);
      const difference = largestDifference(
        job.inputs.map((inputs) => outputsOf({ network: model }, inputs)),
        outputs,
      );
      assert.ok(difference <= TOLERANCE, `logits differ by ${difference}`);
    });
  }

  test.run();
}
