import type { AdaptableModel, Adapter } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { type ActivationCache, type AttachmentPoints, Encoder, FrozenLayers } from '../models/index.ts';

/** The first layer with a part of the active adapter or with weights that it trains; -1 if there is none. */
function firstAdapted(points: AttachmentPoints, layers: readonly string[], { parameters }: Adapter): number {
  const all = [...points.residual, ...points.projection, ...points.attention];
  const embedded = [...(points.positions ?? []), ...(points.prompts ?? []), ...(points.embedding ?? [])];
  const isOutside = ({ name }: { readonly name: string }) => !layers.some((layer) => name.startsWith(`${layer}.`));
  if ([...embedded, ...all.filter(isOutside)].some((point) => point.attached !== null)) return 0;
  const changed = [...all.filter((point) => point.attached !== null), ...parameters];
  return layers.findIndex((layer) => changed.some(({ name }) => name.startsWith(`${layer}.`)));
}

/**
 * Switches dropout off in the embeddings and in the layers of an encoder below the first one with a part of the active adapter. Their
 * output is then the same in every epoch and is remembered.
 *
 * @param adapter the active one
 * @param folder of the model: with equal folders the weights are equal
 * @throws InputError for a model that is no encoder, and where no layer lies below what is trained
 */
export function freezeBelow(model: AdaptableModel, adapter: Adapter, folder: string, memory: ActivationCache): void {
  const encoder = 'encoder' in model ? model.encoder : null;
  if (!(encoder instanceof Encoder)) {
    throw new InputError('Dropout can be left out below the adapter in encoders alone.');
  }
  const { points } = encoder;
  const embeddings = adapter.parameters.find(({ name }) => name.startsWith(`${points.path}.embeddings.`));
  if (embeddings) {
    throw new InputError(
      `No frozen layer lies below what is trained, as ${embeddings.name} is; train without --cache-frozen-layers (cacheFrozenLayers).`,
    );
  }
  const count = firstAdapted(points, encoder.layerPaths, adapter);
  if (count < 1) {
    throw new InputError(
      'No frozen layer lies below the adapter, so that there is no dropout to leave out; give the layers below with --leave-out (leaveOut).',
    );
  }
  encoder.frozen = new FrozenLayers(count, (batch) => encoder.inputOf(count, batch), memory, folder);
}
