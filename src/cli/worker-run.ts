import { runHere, serveJob } from '../queue/index.ts';
import { useBackend } from './backend.ts';
import { loadPluginFiles } from './plugins.ts';
import { versions } from './versions.ts';
import type { RunInput } from './worker.ts';

/** The program of one run of a worker. */
serveJob(async (job, input, events) => {
  const { plugins, ...folders } = input as RunInput;
  await loadPluginFiles(plugins);
  return runHere(job, { ...folders, versions, useBackend }, events);
});
