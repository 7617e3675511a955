#!/usr/bin/env node
import { ignoreClosedOutput, report } from './errors.ts';
import { buildProgram } from './program.ts';

ignoreClosedOutput();
try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
