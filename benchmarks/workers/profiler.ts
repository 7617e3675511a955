import { type Profiler as Protocol, Session } from 'node:inspector/promises';
import type { WasmBackend } from '../../src/backends/wasm/index.ts';
import { instantiate } from '../../src/backends/wasm/module.ts';
import type { Job } from './job.ts';

/** Microseconds between two looks at the stack. */
const INTERVAL = 200;

/** V8's sampling profiler, which sees kernels only if it is enabled before they are compiled. */
export class Profiler {
  readonly #session = new Session();

  static async enable(): Promise<Profiler> {
    const profiler = new Profiler();
    profiler.#session.connect();
    await profiler.#session.post('Profiler.enable');
    await profiler.#session.post('Profiler.setSamplingInterval', { interval: INTERVAL });
    return profiler;
  }

  /**
   * The same job, whose parts are seconds of the calling thread: of each kernel, with all that it calls; `waiting` for other
   * threads; and `JavaScript`.
   */
  watch(job: Job, backend: WasmBackend): Job {
    const names = kernelNames(backend);
    return {
      run: async () => {
        await this.#session.post('Profiler.start');
        const outcome = await job.run();
        const { profile } = await this.#session.post('Profiler.stop');
        return { ...outcome, parts: byKernel(profile, names) };
      },
    };
  }
}

/** The profiler knows functions of WebAssembly by number; an exported function says its own. */
function kernelNames({ memory }: WasmBackend): ReadonlyMap<string, string> {
  const functions = Object.entries(instantiate(memory.wasm)).filter(([, value]) => typeof value === 'function');
  return new Map(functions.map(([name, kernel]) => [`wasm-function[${(kernel as { name: string }).name}]`, name]));
}

function byKernel(
  { nodes, samples = [], timeDeltas = [] }: Protocol.Profile,
  names: ReadonlyMap<string, string>,
): Record<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const owners = new Map<number, string>();
  const visit = (node: Protocol.ProfileNode, caller: string | null): void => {
    const { functionName, url } = node.callFrame;
    const isKernel = url.startsWith('wasm:') && !functionName.startsWith('js-to-wasm');
    const kernel = caller ?? (isKernel ? (names.get(functionName) ?? functionName) : null);
    owners.set(node.id, kernel ?? (functionName === 'waitForPiece' ? 'waiting' : 'JavaScript'));
    for (const id of node.children ?? []) visit(byId.get(id) as Protocol.ProfileNode, kernel);
  };
  visit(nodes[0], null);
  const seconds: Record<string, number> = {};
  samples.forEach((id, i) => {
    const owner = owners.get(id) as string;
    seconds[owner] = (seconds[owner] ?? 0) + timeDeltas[i] / 1e6;
  });
  return seconds;
}
