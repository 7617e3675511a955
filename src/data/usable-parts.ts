import type { BadRows } from './bad-rows.ts';

/**
 * Gives what can be used of rows that are read a part at a time. After one that cannot, where it is not left out, the others are only
 * looked for.
 *
 * @param parts what can be used; reading adds the others to `bad`
 * @param name of the data
 * @param onWarning told at the end how many rows were left out
 * @throws InputError at the end, as `bad` does
 */
export async function* usableParts<Usable>(
  parts: AsyncIterable<Usable[]>,
  bad: BadRows,
  name: string,
  onWarning: ((message: string) => void) | undefined,
): AsyncGenerator<Usable[], void, undefined> {
  let used = 0;
  for await (const part of parts) {
    if (bad.count > 0 && !bad.areSkipped) continue;
    used += part.length;
    yield part;
  }
  for (const warning of bad.finish(name, used)) onWarning?.(warning);
}
