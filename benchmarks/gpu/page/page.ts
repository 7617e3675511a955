/** The page has a frame for each engine; a frame, which its address tells from the page, has the engine. */
import { type Outcome, timed } from '../../workers/job.ts';
import { type EngineName, engineNames, type PageTask } from '../engine.ts';

/** An engine has nothing but jobs to prepare, which give a number that depends on what was computed. */
export interface Jobs {
  describe(): string;
  prepare(task: PageTask): () => Promise<number>;
}

const jobsOf: { readonly [Name in EngineName]: () => Promise<Jobs> } = {
  gpu: async () => (await import('./ours.ts')).jobsOn('gpu'),
  wasm: async () => (await import('./ours.ts')).jobsOn('wasm'),
  tfjs: async () => (await import('./tfjs.ts')).jobsOnWebgl(),
  gpujs: async () => (await import('./gpujs.ts')).jobs,
};

const own = engineNames.find((name) => location.search === `?${name}`);
if (own) {
  const { describe, prepare } = await jobsOf[own]();
  let run: (() => Promise<number>) | null = null;
  globalThis.engine = {
    describe,
    prepare: (task) => {
      run = prepare(task);
    },
    run: async (): Promise<Outcome> => {
      if (!run) throw new Error('Nothing was prepared.');
      const { seconds, result } = await timed(run);
      return { seconds, value: result };
    },
  };
} else {
  for (const name of engineNames) {
    const frame = document.createElement('iframe');
    frame.src = `?${name}`;
    document.body.append(frame);
  }
}
