import { belongingOf } from './effect.ts';
import type { SettingGroup } from './group.ts';
import { factsOf, formOf, type Option, type OptionTable } from './option.ts';

/** More choices than these are not listed. */
const MOST_NAMES = 3;

const cell = (text: string): string => text.replace(/[|<]/g, '\\$&');
const code = (text: string): string => `\`${text}\``;

function rowOf(key: string, declared: Option, all: OptionTable<unknown>): string | null {
  const { flag, placeholder, description, choices, default: fallback } = formOf(key, declared);
  if (flag === null) return null;
  const { short, defaultText } = factsOf(declared);
  const name = [...(short ? [`-${short}`] : []), `--${flag}`].join(', ');
  const belongs = belongingOf(factsOf(declared))
    .filter(([choice, names]) => (Object.hasOwn(all, choice) || choice === 'task') && names.length <= MOST_NAMES)
    .map(([, names]) => names.map(code).join(', '));
  const meaning = [
    cell(description),
    ...(choices.length > 0 ? [choices.map(code).join(', ')] : []),
    ...belongs.map((names) => `for ${names}`),
  ].join('; ');
  const usual = placeholder === null ? 'off' : fallback === '' ? '' : code(fallback);
  return `| ${code(name)} | ${meaning} | ${defaultText === undefined ? usual : cell(defaultText)} |`;
}

/**
 * Returns the settings of a group as a table of Markdown: flag, meaning, default.
 *
 * @param all the settings that make choices; for which of them a setting is, is told
 */
export function markdownTable({ settings }: SettingGroup, all: OptionTable<unknown> = settings): string {
  const rows = Object.entries(settings).flatMap(([key, declared]) => rowOf(key, declared, all) ?? []);
  return ['| option | meaning | default |', '| --- | --- | --- |', ...rows].join('\n');
}

const BEGIN = /^<!-- settings: (.+) -->$/;
const END = '<!-- end of settings -->';

/**
 * Returns a document with the tables of its groups as they are declared: each stands between `<!-- settings: Title -->` and
 * `<!-- end of settings -->`.
 *
 * @param tables by title
 * @throws Error for a title without a table, and one that is never closed
 */
export function withTables(document: string, tables: ReadonlyMap<string, string>): string {
  const lines: string[] = [];
  let open: string | null = null;
  for (const line of document.split('\n')) {
    const title = BEGIN.exec(line)?.[1];
    if (line === END) open = null;
    if (open === null) lines.push(line);
    if (title === undefined) continue;
    const table = tables.get(title);
    if (table === undefined) throw new Error(`There is no table of settings '${title}'.`);
    lines.push('', table, '');
    open = title;
  }
  if (open !== null) throw new Error(`The table of settings '${open}' has no '${END}'.`);
  return lines.join('\n');
}
