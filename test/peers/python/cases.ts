import { type AdapterSettings, adapterFamilies } from '../../../src/adapters/index.ts';
import { smallSettings } from '../../support/adapters.ts';
import { type BackboneName, backbones, halfBert, hubEncoders, otherEncoders, relatives } from './backbones.ts';
import { bartReads, type TaskName, tasks } from './tasks.ts';

/** A run of ours that is given to Python. */
export interface PeerCase {
  readonly id: string;
  readonly family: string;
  readonly settings: AdapterSettings;
  readonly task: TaskName;
  readonly backbone: BackboneName;
  /** The folder of the backbone. */
  readonly model: string;
}

type Place = Pick<PeerCase, 'task' | 'backbone' | 'model'>;

const everywhere = Object.entries(tasks).flatMap(([task, { backbones: names }]) =>
  names.map((backbone): Place => ({ task: task as TaskName, backbone, model: backbones[backbone] })),
);
const onEncoders = everywhere.filter(({ backbone }) => backbone !== 'bart');
const onBart = everywhere.filter(({ backbone }) => backbone === 'bart');
const onBartHeads = bartReads.map((task): Place => ({ task, backbone: 'bart', model: backbones.bart }));
const onRelatives = relatives.map((backbone): Place => ({ task: 'summaries', backbone, model: backbones[backbone] }));
const onOtherEncoders = otherEncoders.map(
  (backbone): Place => ({ task: 'classification', backbone, model: backbones[backbone] }),
);
const onHub = hubEncoders.map((backbone): Place => ({ task: 'classification', backbone, model: backbones[backbone] }));
const withPrefix = onHub.filter(({ backbone }) => backbone !== 'modernbert');
const onBert: Place[] = [{ task: 'classification', backbone: 'bert', model: backbones.bert }];
const onHalfBert: Place[] = [{ task: 'classification', backbone: 'bert', model: halfBert }];

type Spread = readonly [settings: AdapterSettings, places: readonly Place[]];

/** Settings with names of BART's modules, and PEFT's kind of prefix. */
const more: Readonly<Record<string, readonly Spread[]>> = {
  houlsby: [
    [{ kind: 'houlsby', bottleneck: 3, leaveOut: [0, 3] }, onBart],
    [{ kind: 'houlsby', bottleneck: 3 }, [...onBartHeads, ...onHub]],
  ],
  ia3: [
    [{ kind: 'ia3' }, onBartHeads],
    [
      { kind: 'ia3', targetModules: ['key', 'value', 'intermediate.dense'], feedforwardModules: ['none'] },
      [...onBert, ...withPrefix],
    ],
  ],
  lora: [
    [{ kind: 'lora', rank: 3, alpha: 6, rslora: true, targetModules: ['q_proj', 'fc1'], init: 'bert' }, onBart],
    [{ kind: 'lora', rank: 2 }, onBartHeads],
    [{ kind: 'lora', rank: 2, init: 'bert', targetModules: ['query', 'value'] }, onRelatives],
    [{ kind: 'lora', rank: 2, init: 'bert', targetModules: ['query', 'value'] }, onOtherEncoders],
    [{ kind: 'lora', rank: 2, modulesToSave: ['shared'] }, [...onBart, ...onBartHeads.slice(0, 1)]],
    [{ kind: 'lora', rank: 2, dora: true, loraBias: true, bias: 'all', init: 'bert' }, onBart],
  ],
  pfeiffer: [[{ kind: 'pfeiffer', bottleneck: 3 }, onHub]],
  prefix: [
    [{ kind: 'prefix', prefixLength: 2, prefixFlat: true, prefixShiftsPositions: true }, onEncoders],
    [{ kind: 'prefix', prefixLength: 2, prefixBottleneck: 3 }, withPrefix],
    [{ kind: 'prefix', prefixLength: 2, prefixFlat: true }, [...onBart, ...onBartHeads]],
    [{ kind: 'prefix', prefixLength: 2, prefixFlat: true, prefixAttentions: ['self', 'cross'] }, onBart],
    [
      {
        kind: 'prefix',
        prefixLength: 2,
        prefixFlat: true,
        prefixShiftsPositions: true,
        prefixAttentions: ['self'],
      },
      onBart,
    ],
  ],
};

/** The first settings of a family for every task on every backbone, the others on BERT. @throws Error for a family without settings */
function casesOf(family: string): PeerCase[] {
  const [first, ...others] = smallSettings[family] ?? [];
  if (!first) throw new Error(`The family ${family} has no settings in test/support/adapters.ts.`);
  const spread: Spread[] = [
    [first, [...everywhere, ...onHalfBert]],
    ...others.map((settings): Spread => [settings, onBert]),
    ...(more[family] ?? []),
  ];
  return spread
    .flatMap(([settings, places]) => places.map((place) => ({ ...place, family, settings })))
    .map((given, i) => ({ ...given, id: `${family}-${i}` }));
}

/** Runs of every family that is registered. */
export const peerCases = (): PeerCase[] => adapterFamilies().flatMap(({ kind }) => casesOf(kind));
