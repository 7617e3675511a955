import { hubEncoders, otherEncoders } from './backbones.ts';
import type { EnvironmentName } from './environments.ts';
import type { PeerRun } from './export.ts';
import { tasks } from './tasks.ts';

/** A way into Python: the format that a run is written in, and what reads it there. */
export interface Destination {
  readonly title: string;
  readonly format: 'peft' | 'adapterhub' | 'huggingface';
  readonly script: string;
  readonly environment: EnvironmentName;
  /** Which runs go there. */
  takes(run: PeerRun): boolean;
  /** Fields of its jobs beside those of all. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Whether it saves what it read. */
  readonly saves: boolean;
}

/** The older transformers has not all of these. */
const isOfNewer = ({ backbone }: PeerRun): boolean => otherEncoders.some((name) => name === backbone);
const isOfHub = (run: PeerRun): boolean => !isOfNewer(run) || hubEncoders.some((name) => name === run.backbone);
/** PEFT runs prefixes with the older transformers alone. */
const isPrefix = ({ family }: PeerRun): boolean => family === 'prefix';

export const destinations: readonly Destination[] = [
  {
    title: 'PEFT',
    format: 'peft',
    script: 'peft_read',
    environment: 'transformers-5',
    takes: (run) => !isPrefix(run),
    saves: true,
  },
  {
    title: 'PEFT',
    format: 'peft',
    script: 'peft_read',
    environment: 'transformers-4',
    takes: isPrefix,
    saves: true,
  },
  {
    title: 'AdapterHub',
    format: 'adapterhub',
    script: 'adapters_read',
    environment: 'transformers-4',
    takes: isOfHub,
    fields: { flexible: false },
    saves: true,
  },
  {
    title: 'AutoAdapterModel',
    format: 'adapterhub',
    script: 'adapters_read',
    environment: 'transformers-4',
    takes: (run) => tasks[run.task].isFlexible && !isOfNewer(run),
    fields: { flexible: true },
    saves: false,
  },
  ...(['transformers-5', 'transformers-4'] as const).map(
    (environment): Destination => ({
      title: 'checkpoint',
      format: 'huggingface',
      script: 'transformers_read',
      environment,
      takes: (run) => environment === 'transformers-5' || !isOfNewer(run),
      saves: false,
    }),
  ),
];
