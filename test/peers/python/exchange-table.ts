import type { Exchange, Measured } from './exchange.ts';

const BEGIN = '<!-- exchange -->';
const END = '<!-- end of exchange -->';

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  row(head),
  row(head.map(() => '---')),
  ...rows.map(row),
];

const code = (text: string): string => `\`${text}\``;
const difference = ({ error }: Measured): string => (error === null ? 'no' : error.toExponential(0));

/** What a family lacks as a whole is a cell of the table. */
const isOfFamily = (reason: string): boolean => /has no adapter of the kind|cannot be merged/.test(reason);

/** Lines on those of a family that do not go where others do, each with the families that it is of. */
function exceptions(ours: Exchange['ours']): string[] {
  const families = new Map<string, Set<string>>();
  for (const [family, places] of Object.entries(ours)) {
    for (const reason of Object.values(places).flatMap(({ reasons }) => reasons)) {
      if (!isOfFamily(reason)) families.set(reason, (families.get(reason) ?? new Set()).add(family));
    }
  }
  const all = Object.keys(ours).length;
  const named = (own: ReadonlySet<string>) => (own.size === all ? 'every family' : [...own].map(code).join(', '));
  return Array.from(families, ([reason, own]) => `- ${named(own)}: ${reason}`);
}

/** The tables of what goes where, in Markdown. */
function markdownOf({ ours, theirs }: Exchange): string {
  const titles = Object.keys(Object.values(ours)[0] ?? {});
  const own = Object.entries(ours).map(([family, places]) => [
    code(family),
    ...titles.map((title) => difference(places[title])),
  ]);
  const others = Object.entries(theirs).flatMap(([library, made]) =>
    Object.entries(made).map(([title, result]) => [
      library,
      code(title),
      result.error === null
        ? result.reasons.map((reason) => reason.replaceAll('|', '\\|')).join('<br>')
        : difference(result),
    ]),
  );
  return [
    ...table(['trained here', ...titles], own),
    '',
    ...exceptions(ours),
    '',
    ...table(['library', 'made there', 'here'], others),
  ].join('\n');
}

/** Returns a document with the tables between its marks. @throws Error if it has none */
export function withExchange(document: string, exchange: Exchange): string {
  const [before, rest] = document.split(BEGIN);
  const [, after] = (rest ?? '').split(END);
  if (after === undefined) throw new Error(`The document has no ${BEGIN} and ${END}.`);
  return `${before}${BEGIN}\n\n${markdownOf(exchange)}\n\n${END}${after}`;
}
