import type { Measured, Measurement, Runner } from './measure.ts';
import { peerNames, peers } from './peers.ts';
import type { PeerName, Plan } from './plan.ts';
import { median } from './statistics.ts';
import type { Table } from './table.ts';
import type { Task } from './tasks.ts';

/** The means of a part of the suite. */
export interface Context {
  readonly plan: Plan;
  /** Those to compare with; `ours` always takes part. */
  readonly peers: ReadonlySet<PeerName>;
  readonly threads: number;
  /** The folder with GLUE's folders; null: none is given. */
  readonly data: string | null;
  /** Told what is measured next. */
  readonly onMeasure: (name: string) => void;
}

/** A part of the suite: it measures, and it shows what was measured. */
export interface Part {
  readonly title: string;
  measure(context: Context): Promise<Measurement[]>;
  tables(measurements: readonly Measurement[]): Table[];
}

/** Those of `names` that are to take part and can do this kind of task, in the order of the tables. */
export function takingPart(kind: Task['kind'], context: Context, names: readonly PeerName[] = peerNames): PeerName[] {
  return peerNames.filter(
    (name) => names.includes(name) && (name === 'ours' || context.peers.has(name)) && peers[name].kinds.includes(kind),
  );
}

/** A peer with a task of ours, the backbone held as the peer holds it. `what` is added to its name. */
export function runnerFor(peer: PeerName, threads: number, task: Task, what?: string): Runner {
  const { title, backboneDtype } = peers[peer];
  const held = backboneDtype && 'model' in task ? { ...task, backboneDtype } : task;
  return { label: what ? `${title}, ${what}` : title, peer, threads, task: held };
}

/** Middle of the times of a runner over those of the first one in its turns: how many times as long it takes. */
export const ratioToFirst = ({ ratios }: Measured): number => median(ratios);

export function find(measurements: readonly Measurement[], name: string): Measurement | undefined {
  return measurements.find((measurement) => measurement.name === name);
}

/** Errors, one line per runner. */
export function notes(measurements: readonly Measurement[]): string[] {
  const lines = measurements.flatMap(({ runners }) =>
    runners.filter(({ error }) => error).map(({ label, error }) => `${label}: ${error}`),
  );
  return [...new Set(lines)];
}
