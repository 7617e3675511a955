import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import { chapterFile, int8ResultsFile, resultsFile, withResults } from '../../benchmarks/chapter.ts';
import { readResults } from '../../benchmarks/results.ts';

const test = suite('benchmarks: chapter');
const chapter = readFileSync(chapterFile, 'utf8');

test('docs/performance.md shows benchmarks/results.json and results-int8.json; npm run bench:docs brings it up to date', () => {
  assert.equal(withResults(chapter, readResults(resultsFile), readResults(int8ResultsFile)), chapter);
});

test('a chapter without a place for a table is an error that names it', () => {
  assert.throws(() => withResults(chapter.replace('<!-- gemm -->', ''), {}, {}), /no place for 'gemm'/);
});

test.run();
