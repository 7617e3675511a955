/** Tables of settings in the documentation as they are declared: `npm run docs:settings` writes them, `--check` compares them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serverSettings } from '../../src/serve/index.ts';
import { markdownTable, withTables } from '../../src/settings/index.ts';
import { settingGroups, settingTable } from '../../src/training/index.ts';

const path = fileURLToPath(new URL('../../docs/commands.md', import.meta.url));
const text = readFileSync(path, 'utf8');
const table = { ...settingTable(), ...serverSettings };
const groups = [...settingGroups(), { title: 'Server', settings: serverSettings }];
const isCheck = process.argv[2] === '--check';

const missing = groups.find(({ title }) => !text.includes(`<!-- settings: ${title} -->`));
if (isCheck && missing) throw new Error(`docs/commands.md has no table of '${missing.title}'`);
const declared = withTables(text, new Map(groups.map((group) => [group.title, markdownTable(group, table)])));
if (!isCheck) writeFileSync(path, declared);
else if (declared !== text) {
  throw new Error('the tables of docs/commands.md are not those declared: npm run docs:settings');
}
