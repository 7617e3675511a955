import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import type { Measurement } from './measure.ts';
import { peers } from './peers.ts';
import type { PeerName } from './plan.ts';

/** Where and when something was measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Its instructions that decide which kernels are fastest, where the system tells; null: it does not. */
  readonly instructions?: readonly Instruction[] | null;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  readonly v8: string;
  /** Processes that ran or waited in the minute before: 0 on an idle machine. */
  readonly loadBefore: number;
  readonly date: string;
}

const instructions = ['avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16'] as const;
export type Instruction = (typeof instructions)[number];

/** Linux lists the instructions of the processor. */
function instructionsHere(): readonly Instruction[] | null {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].split(' ');
    return flags ? instructions.filter((name) => flags.includes(name)) : null;
  } catch {
    return null;
  }
}

export function describeMachine(): Machine {
  const { node, v8 } = process.versions;
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    instructions: instructionsHere(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node,
    v8,
    loadBefore: loadavg()[0],
    date: new Date().toISOString(),
  };
}

/** Version and kernels of all that took part, one line each; what the first process of a peer said. */
export function versionsOf(measurements: readonly Measurement[]): string[] {
  const lines = new Map<PeerName, string>();
  for (const { peer, ready } of measurements.flatMap(({ runners }) => runners)) {
    if (ready && !lines.has(peer)) lines.set(peer, `${peers[peer].title} ${ready.version}: ${ready.about}`);
  }
  return [...lines.values()];
}
