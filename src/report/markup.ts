import { printable } from '../errors.ts';

/** A piece of HTML or SVG that may stand in a page as it is. */
export class Markup {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/** What can stand in a template: texts are escaped, markup is not, null is nothing. */
export type Content = string | number | Markup | null | readonly Content[];

/** Characters that end a text or an attribute in double or single quotes. */
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** The text for any place of a page, in attributes too. What has no sign of its own, such as a NUL, is written as `\u0000`; lines stay. */
export const escapeHtml = (text: string): string =>
  text
    .split('\n')
    .map((line) => printable(line).replace(/[&<>"']/g, (character) => entities[character]))
    .join('\n');

const sourceOf = (content: Content): string => {
  if (content === null) return '';
  if (content instanceof Markup) return content.source;
  return typeof content === 'object' ? content.map(sourceOf).join('') : escapeHtml(String(content));
};

/** Markup as it is written, with texts in it that are escaped. Attributes stand in quotes. */
export const html = (parts: TemplateStringsArray, ...contents: readonly Content[]): Markup =>
  new Markup(String.raw({ raw: parts }, ...contents.map(sourceOf)));
