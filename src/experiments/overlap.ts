import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WEIGHTS } from '../training/index.ts';
import { fontFamily, type Specification, style } from './charts.ts';
import { type Mask, masksIn } from './masks.ts';
import { indexedPng } from './pictures.ts';
import { sampleMean } from './statistics.ts';

/**
 * The Jaccard index of two masks: the weights that both keep, of those that one of them keeps. 1 for equal ones; two random masks of
 * density d have d / (2 - d).
 *
 * @throws RangeError for masks of other matrices, and where nothing is kept
 */
export function jaccard(first: readonly Mask[], second: readonly Mask[]): number {
  let [both, either] = [0, 0];
  if (first.length !== second.length) throw new RangeError('The masks are of different matrices.');
  for (const [i, { name, bits }] of first.entries()) {
    const other = second[i];
    if (other.name !== name || other.bits.length !== bits.length) {
      throw new RangeError('The masks are of different matrices.');
    }
    for (let j = 0; j < bits.length; j++) {
      both += bits[j] & other.bits[j];
      either += bits[j] | other.bits[j];
    }
  }
  if (either === 0) throw new RangeError('No mask keeps a weight.');
  return both / either;
}

/** A mask with what it is of. */
export interface KnownMask {
  readonly method: string;
  readonly task: string;
  readonly seed: number;
  readonly masks: readonly Mask[];
}

/** The masks of a finished run; null where its file is not here. */
export const knownMasks = (folder: string): readonly Mask[] | null =>
  existsSync(join(folder, WEIGHTS)) ? masksIn(folder) : null;

/** The overlap of two methods; null where there is no pair. */
export interface Overlap {
  readonly first: string;
  readonly second: string;
  /** Mean Jaccard index over tasks and seeds: with the same seed and task, or of one method with different seeds of a task. */
  readonly index: number;
}

/** The overlaps of all pairs of methods with the same seed, and of each method with itself over seeds. */
export function overlapsOf(known: readonly KnownMask[]): Overlap[] {
  const methods = [...new Set(known.map(({ method }) => method))];
  return methods.flatMap((first, i) =>
    methods.slice(i).flatMap((second): Overlap[] => {
      const values = known.flatMap((one) =>
        known
          .filter((other) => one.method === first && other.method === second && one.task === other.task)
          .filter((other) => (first === second ? one.seed < other.seed : one.seed === other.seed))
          .map((other) => jaccard(one.masks, other.masks)),
      );
      return values.length === 0 ? [] : [{ first, second, index: sampleMean(values) }];
    }),
  );
}

/** The overlaps as a chart: on the diagonal those of one method with different seeds. */
export function overlapChart(overlaps: readonly Overlap[], title: string): Specification {
  const order = [...new Set(overlaps.flatMap(({ first, second }) => [first, second]))];
  const cells = overlaps.flatMap(({ first, second, index }) => [
    { first, second, index },
    ...(first === second ? [] : [{ first: second, second: first, index }]),
  ]);
  const axis = (field: string) => ({ field, type: 'nominal', sort: order, title: null, axis: { labelLimit: 0 } });
  return {
    ...style,
    title: { text: title, subtitle: 'Jaccard index; diagonal: one method, different seeds', subtitleFontSize: 11 },
    data: { values: cells },
    width: { step: 44 },
    height: { step: 30 },
    encoding: { x: axis('first'), y: axis('second') },
    layer: [
      {
        mark: 'rect',
        encoding: {
          color: { field: 'index', type: 'quantitative', scale: { scheme: 'blues', domain: [0, 1] }, legend: null },
        },
      },
      {
        mark: { type: 'text', fontSize: 11, font: fontFamily },
        encoding: {
          text: { field: 'index', type: 'quantitative', format: '.2f' },
          color: { condition: { test: 'datum.index > 0.6', value: 'white' }, value: 'black' },
        },
      },
    ],
  };
}

/** Colours of {@link differencePng}: kept by none, by the first alone, by the second alone, by both. */
export const differenceColors = ['#222222', '#4c78a8', '#f58518', '#ffffff'] as const;

/** Two masks of a matrix as a picture, a pixel for each weight, with its longer side from left to right. */
export function differencePng(first: Mask, second: Mask): Uint8Array {
  const { bits, width, height } = first;
  return indexedPng(
    Uint8Array.from(bits, (bit, i) => bit + 2 * second.bits[i]),
    width,
    height,
    differenceColors,
  );
}
