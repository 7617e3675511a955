import { edgeText } from './number-text.ts';

/** The first and the last value of a scale. */
interface Ends {
  readonly from: number;
  readonly to: number;
}

/** A linear scale from values to places in a picture. */
export interface Scale extends Ends {
  at(value: number): number;
}

/** @param places of `from` and `to` */
export const linearScale = (from: number, to: number, places: readonly [number, number]): Scale => ({
  from,
  to,
  at: (value) => round(places[0] + ((value - from) / (to - from)) * (places[1] - places[0])),
});

/** To a tenth of a pixel. */
export const round = (value: number): number => Math.round(10 * value) / 10;

/** The smallest of 1, 2, 2.5, 5 and 10 times a power of ten that is no less. */
export function niceWidth(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width));
  return power * ([1, 2, 2.5, 5].find((step) => step * power >= width) ?? 10);
}

/** Values at equal distances that are easy to read. */
export function ticksOf({ from, to }: Ends, count: number): { value: number; label: string }[] {
  const width = niceWidth((to - from) / count);
  const first = Math.ceil(from / width - 1e-9);
  const last = Math.floor(to / width + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
    const value = Number(((first + i) * width).toPrecision(12));
    return { value, label: edgeText(value) };
  });
}

/** A rough width of a text in pixels: letters of Latin script are narrow, those of East Asia are square. */
export const textWidth = (text: string, size: number): number =>
  Array.from(text).reduce((sum, letter) => sum + (letter > '\u2e7f' ? 1 : 0.56) * size, 0);

/** So many letters of a text, of its beginning and its end: names often begin alike. */
export function abridged(letters: readonly string[], count: number): string {
  const end = Math.floor(0.4 * count);
  const parts = [letters.slice(0, count - end), letters.slice(letters.length - end)];
  return `${parts[0].join('').trimEnd()}…${parts[1].join('').trimStart()}`;
}

/** The text, or as much of its beginning and its end as fits. */
export function fitted(text: string, size: number, width: number): string {
  if (textWidth(text, size) <= width) return text;
  const letters = Array.from(text);
  let count = letters.length - 1;
  while (count > 1 && textWidth(abridged(letters, count), size) > width) count--;
  return abridged(letters, count);
}
