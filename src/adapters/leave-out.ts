import { InputError } from '../errors.ts';
import { type AttachmentPoints, layersOf } from '../models/attachments.ts';
import { option, wholeNumbers } from '../settings/index.ts';

/** The option of families that have parts in layers. Settings have it only if layers are left out. */
export const leaveOut = option(wholeNumbers, {
  description: "layers without a part of the adapter, from 0; in BART the decoder's follow those of the encoder",
  placeholder: '<layers>',
  default: [],
  defaultText: 'none',
  isOptional: true,
});

/**
 * The attachment points of a model without those in some of its layers.
 *
 * @param layers numbers of layers, as `leave_out` of AdapterHub
 * @throws InputError for a layer that the model does not have, and if none is left
 */
export function withoutLayers(points: AttachmentPoints, layers: readonly number[]): AttachmentPoints {
  if (layers.length === 0) return points;
  const all = layersOf(points);
  const missing = layers.find((layer) => layer >= all.length);
  if (missing !== undefined) {
    throw new InputError(`leaveOut: there is no layer ${missing}; the layers are 0 to ${all.length - 1}.`);
  }
  if (layers.length === all.length)
    throw new InputError('leaveOut: no layer is left for the adapter; leave out fewer.');
  const left = layers.map((layer) => all[layer]);
  const isKept = ({ name }: { readonly name: string }) => !left.some((layer) => name.startsWith(`${layer}.`));
  return {
    ...points,
    residual: points.residual.filter(isKept),
    projection: points.projection.filter(isKept),
    attention: points.attention.filter(isKept),
  };
}
