import type { AdaptableModel } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { type ActivationCache, type AttachmentPoints, BertModel, FrozenLayers, layersOf } from '../models/browser.ts';

/** The first layer with a part of the active adapter; -1 if there is none. */
function firstAdapted(points: AttachmentPoints): number {
  const all = [...points.residual, ...points.projection, ...points.attention];
  const embedded = [...(points.positions ?? []), ...(points.prompts ?? []), ...(points.embedding ?? [])];
  if (embedded.some((point) => point.attached !== null)) return 0;
  const attached = all.filter((point) => point.attached !== null);
  return layersOf(points).findIndex((layer) => attached.some(({ name }) => name.startsWith(`${layer}.`)));
}

/**
 * Switches dropout off in the embeddings and in the layers of an encoder below the first one with a part of the active adapter. Their
 * output is then the same in every epoch and is remembered.
 *
 * @param folder of the model: with equal folders the weights are equal
 * @throws InputError for a model that is no encoder, and where no layer lies below the adapter
 */
export function freezeBelow(model: AdaptableModel, folder: string, memory: ActivationCache): void {
  const encoder = 'encoder' in model ? model.encoder : null;
  if (!(encoder instanceof BertModel)) {
    throw new InputError('Dropout can be left out below the adapter in BERT and RoBERTa alone.');
  }
  const count = firstAdapted(encoder.points);
  if (count < 1) {
    throw new InputError(
      'No frozen layer lies below the adapter, so that there is no dropout to leave out; give the layers below with --leave-out (leaveOut).',
    );
  }
  encoder.frozen = new FrozenLayers(count, (batch) => encoder.inputOf(count, batch), memory, folder);
}
