/** Writes the tables of benchmarks/results.json and of results-int8.json into docs/performance.md: `npm run bench:docs`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { chapterFile, int8ResultsFile, resultsFile, withResults } from './chapter.ts';
import { readResults } from './results.ts';

const chapter = readFileSync(chapterFile, 'utf8');
writeFileSync(chapterFile, withResults(chapter, readResults(resultsFile), readResults(int8ResultsFile)));
