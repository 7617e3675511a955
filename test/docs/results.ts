/** Tables of docs/results.md from the committed rows: `npm run docs:results` writes them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readExport } from '../../src/experiments/index.ts';
import { readCosts } from './costs.ts';
import { repository } from './project.ts';
import { blocksOf, withBlocks } from './results-tables.ts';

const path = join(repository, 'docs/results.md');
const runs = await readExport(join(repository, 'docs/results/rows.jsonl'));
const costs = readCosts(join(repository, 'docs/results/costs.jsonl'));
writeFileSync(path, withBlocks(readFileSync(path, 'utf8'), blocksOf(runs, costs)));
