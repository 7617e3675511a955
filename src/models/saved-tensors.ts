import type { StoredModule } from '../io/browser.ts';

/** The numbers of a parameter, row-major. */
export interface NamedFloats {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The tensors of a model as its checkpoint has them: under their names there, with the parts of a module in one. */
export function asSaved(tensors: readonly NamedFloats[], modules: readonly StoredModule[]): NamedFloats[] {
  const placeOf = new Map(
    modules.flatMap((module) => module.parts.map((part, index) => [part, { module, index }] as const)),
  );
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return tensors.flatMap((tensor) => {
    const dot = tensor.name.lastIndexOf('.');
    const [at, end] = [tensor.name.slice(0, dot), tensor.name.slice(dot)];
    const place = placeOf.get(at);
    if (!place) return [tensor];
    // The others are in the place of the first.
    if (place.index > 0) return [];
    const parts = place.module.parts.flatMap((part) => byName.get(part + end) ?? []);
    if (parts.length !== place.module.parts.length) throw new Error(`Parts of ${place.module.name}${end} are missing.`);
    const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
    let start = 0;
    for (const part of parts) {
      data.set(part.data, start);
      start += part.data.length;
    }
    const [, ...rest] = tensor.shape;
    const rows = parts.reduce((sum, part) => sum + part.shape[0], 0);
    return [{ name: place.module.name + end, shape: [rows, ...rest], data }];
  });
}
