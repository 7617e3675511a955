import type { AttachmentPoint, AttachmentPoints, Pass, Transform } from '../models/index.ts';
import { concat, slice } from '../ops/layout.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { splitAt } from './composition.ts';

/** Sequences of a batch, and the points of the model whose adapters act in them. */
export interface BatchPart {
  readonly members: readonly number[];
  readonly points: AttachmentPoints;
}

/** The rows of neighbouring sequences, of [rows, features]. */
function rowsOfNeighbours(t: Tensor, { offsets }: Pass, members: readonly number[]): Tensor {
  const [first, last] = [members[0], members[members.length - 1]];
  return slice(t, [offsets[first], 0], [offsets[last + 1], t.shape[1]]);
}

/** A point of values [rows, features], whose parts lie next to each other: they are cut out and put together without a gather. */
const ofRows = <Site extends { readonly x: Tensor; readonly pass: Pass }>(): Pick<
  AttachmentPoint<Tensor, Site>,
  'select' | 'merge'
> => ({
  select: (value, site, members) => [
    rowsOfNeighbours(value, site.pass, members),
    {
      ...site,
      // Few adapters read it.
      get x() {
        return rowsOfNeighbours(site.x, site.pass, members);
      },
      pass: site.pass.part(members),
    },
  ],
  merge: (values) => concat(values),
});

/**
 * Computes with a model in each of whose sequences the adapters of another one act: what is attached to the same point there.
 *
 * @param points of the model that computes, to which nothing is attached
 * @param parts together all sequences of the batch, in its order; their models have the same architecture
 */
export function mixing<T>(points: AttachmentPoints, parts: readonly BatchPart[], compute: () => T): T {
  const { residual, projection, attention, positions = [], prompts = [], embedding = [] } = points;
  for (const [i, point] of projection.entries()) {
    const split = parts.map(({ members, points }) => ({ members, transform: points.projection[i].attached }));
    point.attached = splitAt(ofRows(), split);
  }
  attach(attention, parts, (own) => own.attention);
  attach(positions, parts, (own) => own.positions ?? []);
  attach(prompts, parts, (own) => own.prompts ?? []);
  attach(embedding, parts, (own) => own.embedding ?? []);
  for (const [i, point] of residual.entries()) {
    const others = parts.map(({ members, points }) => ({ members, other: points.residual[i] }));
    point.isEnded = others.some(({ other }) => other.isEnded);
    const split = others.map(({ members, other }) => ({
      members,
      transform: point.isEnded ? other.forward.bind(other) : other.attached,
    }));
    point.attached = splitAt(ofRows(), split);
  }
  try {
    return compute();
  } finally {
    for (const point of residual) point.isEnded = false;
    for (const point of [...residual, ...projection, ...attention, ...positions, ...prompts, ...embedding]) {
      point.attached = null;
    }
  }
}

/** Fills each point with what is attached to it in each part of the batch. */
function attach<Value, Site extends { readonly pass: Pass }>(
  points: readonly (AttachmentPoint<Value, Site> & { attached: Transform<Value, Site> | null })[],
  parts: readonly BatchPart[],
  pointsOf: (points: AttachmentPoints) => readonly AttachmentPoint<Value, Site>[],
): void {
  for (const [i, point] of points.entries()) {
    const split = parts.map(({ members, points }) => ({ members, transform: pointsOf(points)[i].attached }));
    point.attached = splitAt(point, split);
  }
}
