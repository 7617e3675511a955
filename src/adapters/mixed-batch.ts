import type { AttachmentPoint, AttachmentPoints, Pass, Transform } from '../models/index.ts';
import { splitAt } from './composition.ts';

/** Sequences of a batch, and the points of the model whose adapters act in them. */
export interface BatchPart {
  readonly members: readonly number[];
  readonly points: AttachmentPoints;
}

/**
 * Computes with a model in each of whose sequences the adapters of another one act: what is attached to the same point there.
 *
 * @param points of the model that computes, to which nothing is attached
 * @param parts together all sequences of the batch; their models have the same architecture
 */
export function mixing<T>(points: AttachmentPoints, parts: readonly BatchPart[], compute: () => T): T {
  const { residual, projection, attention, positions = [], prompts = [], embedding = [] } = points;
  attach(projection, parts, (own) => own.projection);
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
    point.attached = splitAt(point, split);
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
