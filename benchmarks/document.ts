/** Writes the tables of benchmarks/results.json into docs/performance.md: `npm run bench:docs`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { chapterFile, resultsFile, withResults } from './chapter.ts';
import { readResults } from './results.ts';

writeFileSync(chapterFile, withResults(readFileSync(chapterFile, 'utf8'), readResults(resultsFile)));
