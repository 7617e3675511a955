import * as v from 'valibot';

/** What may stand between the cells of a table, with the names by which a command line says it. */
const names: Readonly<Record<string, readonly string[]>> = {
  ',': ['comma'],
  ';': ['semicolon'],
  '\t': ['tab', '\\t'],
  '|': ['pipe'],
};

/** The characters between cells that are looked for. */
export const delimiters: readonly string[] = Object.keys(names);

/** A delimiter in messages. */
export const delimiterTitle = (delimiter: string): string => (delimiter === '\t' ? 'TABs' : `'${delimiter}'`);

const DELIMITER = "one of ',', ';', '|' and tab";
const named = (text: string): string => delimiters.find((one) => names[one].includes(text)) ?? text;

/** How a delimiter is said, in messages. */
export const DELIMITER_REMEDY = `--delimiter (delimiter), ${DELIMITER}`;

/** The schema of a delimiter: the character, or its name. */
export const delimiter = v.pipe(
  v.string(DELIMITER),
  v.transform(named),
  v.check((text) => delimiters.includes(text), DELIMITER),
);
