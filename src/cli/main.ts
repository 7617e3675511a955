#!/usr/bin/env node
import { report, watchOutput } from './errors.ts';
import { buildProgram } from './program.ts';

watchOutput();
try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
