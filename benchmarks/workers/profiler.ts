import { type Debugger, type Profiler as Protocol, Session } from 'node:inspector/promises';
import type { WasmBackend } from '../../src/backends/wasm/index.ts';
import { instantiate } from '../../src/backends/wasm/module.ts';
import type { Job } from './job.ts';

/** What the protocol gives for a script of WebAssembly. */
interface WasmSource extends Debugger.GetScriptSourceReturnType {
  readonly bytecode?: string;
}

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
    let names: ReadonlyMap<string, string> | null = null;
    return {
      run: async () => {
        names ??= await this.#kernelNames(backend);
        await this.#session.post('Profiler.start');
        const outcome = await job.run();
        const { profile } = await this.#session.post('Profiler.stop');
        return { ...outcome, parts: byKernel(profile, names) };
      },
    };
  }

  /**
   * The names of all kernels by the place of their module and what the profiler calls them: it knows functions of WebAssembly by number,
   * and an exported function says its own.
   */
  async #kernelNames({ memory }: WasmBackend): Promise<ReadonlyMap<string, string>> {
    const places = new Map<string, string>();
    const onScript = ({ params: { url, scriptId } }: { params: Debugger.ScriptParsedEventDataType }) => {
      if (url.startsWith('wasm:')) places.set(url, scriptId);
    };
    this.#session.on('Debugger.scriptParsed', onScript);
    await this.#session.post('Debugger.enable');
    const names = new Map<string, string>();
    for (const [url, scriptId] of places) {
      const { bytecode = '' }: WasmSource = await this.#session.post('Debugger.getScriptSource', {
        scriptId,
      });
      const module = new WebAssembly.Module(Buffer.from(bytecode, 'base64'));
      if (!WebAssembly.Module.exports(module).some(({ name }) => name === 'setTile')) continue;
      for (const [name, value] of Object.entries(instantiate(memory.wasm, [module]))) {
        if (typeof value === 'function')
          names.set(placeOf({ url, functionName: `wasm-function[${value.name}]` }), name);
      }
    }
    // With a debugger, kernels are not optimised.
    await this.#session.post('Debugger.disable');
    this.#session.off('Debugger.scriptParsed', onScript);
    return names;
  }
}

const placeOf = ({ url, functionName }: { readonly url: string; readonly functionName: string }): string =>
  `${url} ${functionName}`;

function byKernel(
  { nodes, samples = [], timeDeltas = [] }: Protocol.Profile,
  names: ReadonlyMap<string, string>,
): Record<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const owners = new Map<number, string>();
  const visit = (node: Protocol.ProfileNode, caller: string | null): void => {
    const { functionName, url } = node.callFrame;
    const isKernel = url.startsWith('wasm:') && !functionName.startsWith('js-to-wasm');
    const kernel = caller ?? (isKernel ? (names.get(placeOf(node.callFrame)) ?? functionName) : null);
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
