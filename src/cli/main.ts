#!/usr/bin/env node
import { report, watchOutput } from './errors.ts';
import { loadPlugins } from './plugins.ts';
import { buildProgram } from './program.ts';

watchOutput();
try {
  await loadPlugins(process.argv.slice(2));
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
