import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { StoredNumbers } from '../backends/stored.ts';
import { InputError } from '../errors.ts';
import { fileError, readJsonObject } from './files.ts';
import { isJsonObject } from './json.ts';
import type { SafetensorsFile } from './safetensors.ts';
import type { TensorInfo } from './safetensors-header.ts';
import { openSafetensors } from './safetensors-open.ts';
import { openTorchFile } from './torch-open.ts';

/** The named tensors of a model, in one file or several. */
export interface Checkpoint {
  /** The name in messages. */
  readonly label: string;
  names(): string[];
  info(name: string): TensorInfo;
  /** The numbers of a tensor, not yet read. @throws InputError when it is missing or holds no floats */
  numbers(name: string): StoredNumbers;
  close(): void;
}

/** The tensors of one file, in whatever format. */
export interface TensorFile extends Checkpoint {
  /** Texts beside the tensors; empty where the format has none. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The values of a tensor of floats, row-major. @throws InputError when it is missing or of another dtype */
  readFloat32(name: string): Float32Array;
}

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const PICKLE = 'pytorch_model.bin';

/**
 * Opens the weights of a model folder: `model.safetensors`, or the shards of `model.safetensors.index.json`, or the
 * folder's only safetensors file; where there is none, `pytorch_model.bin`.
 *
 * @throws InputError when there are none, several to choose from, only pickles of other names, or an invalid file or index
 */
export function openCheckpoint(folder: string): Checkpoint {
  if (existsSync(join(folder, SINGLE))) return openSafetensors(join(folder, SINGLE));
  if (existsSync(join(folder, INDEX))) return new ShardedCheckpoint(folder);

  const files = listFiles(folder);
  const candidates = files.filter((file) => file.endsWith('.safetensors'));
  if (candidates.length === 1) return openSafetensors(join(folder, candidates[0]));
  if (candidates.length > 1) {
    throw new InputError(`${folder} has several weight files (${candidates.join(', ')}); name one of them ${SINGLE}.`);
  }
  if (files.includes(PICKLE)) return openTorchFile(join(folder, PICKLE));
  const pickle = files.find((file) => /\.(bin|pt|pth|ckpt)$/.test(file));
  throw new InputError(
    pickle
      ? `${join(folder, pickle)} is a PyTorch pickle, of which only ${PICKLE} is read; convert it to ${SINGLE} (in Python, save_pretrained with safe_serialization=True).`
      : `${folder} has no weights; put ${SINGLE} there.`,
  );
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw fileError(`Cannot read ${folder}`, error);
  }
}

/** Weights in several files, with an index that says which tensor is where. */
class ShardedCheckpoint implements Checkpoint {
  readonly label: string;
  readonly #shardOf = new Map<string, SafetensorsFile>();
  readonly #shards = new Map<string, SafetensorsFile>();

  constructor(folder: string) {
    this.label = join(folder, INDEX);
    const { weight_map: weightMap } = readJsonObject(this.label);
    if (!isJsonObject(weightMap)) throw new InputError(`${this.label} has no "weight_map"; download it again.`);
    try {
      for (const [name, file] of Object.entries(weightMap)) this.#shardOf.set(name, this.#open(folder, name, file));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  names(): string[] {
    return [...this.#shardOf.keys()];
  }

  info(name: string): TensorInfo {
    return this.#shard(name).info(name);
  }

  numbers(name: string): StoredNumbers {
    return this.#shard(name).numbers(name);
  }

  close(): void {
    for (const shard of this.#shards.values()) shard.close();
  }

  #shard(name: string): SafetensorsFile {
    const shard = this.#shardOf.get(name);
    if (!shard) throw new InputError(`${this.label}: there is no tensor "${name}".`);
    return shard;
  }

  /** The shard of a tensor, opened once, which must hold it. */
  #open(folder: string, name: string, file: unknown): SafetensorsFile {
    if (typeof file !== 'string' || file !== basename(file)) {
      throw new InputError(`${this.label}: the file of tensor "${name}" must be a name in the same folder.`);
    }
    const path = join(folder, file);
    let shard = this.#shards.get(file);
    if (!shard) {
      if (!existsSync(path)) {
        throw new InputError(`${this.label}: the shard ${file} with tensor "${name}" is missing; download it too.`);
      }
      shard = openSafetensors(path);
      this.#shards.set(file, shard);
    }
    if (!shard.has(name)) {
      throw new InputError(`${path} has no tensor "${name}", which ${INDEX} puts there; download both again.`);
    }
    return shard;
  }
}
