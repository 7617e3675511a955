/** Tables of settings in the documentation as they are declared: `npm run docs:settings` writes them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { markdownTable, withTables } from '../../src/settings/index.ts';
import { settingGroups, settingTable } from '../../src/training/index.ts';

/** The document that has them. */
export const documentPath = fileURLToPath(new URL('../../docs/commands.md', import.meta.url));

/** Returns the document with the tables that the declarations give. */
export function documentOf(text: string): string {
  const table = settingTable();
  return withTables(text, new Map(settingGroups().map((group) => [group.title, markdownTable(group, table)])));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(documentPath, documentOf(readFileSync(documentPath, 'utf8')));
}
