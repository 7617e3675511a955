import type { AdapterSettings } from '../adapters/index.ts';
import type { SafetensorsFile } from '../io/browser.ts';
import type { HeadKind } from '../models/browser.ts';
import type { PortableAdapter, Weight } from './portable.ts';

/** The files of a folder, wherever it is. */
export interface FolderFiles {
  /** How messages name the folder. */
  readonly label: string;
  /** How messages name a file of it. */
  path(name: string): string;
  has(name: string): boolean;
  /** @throws InputError when the file is missing or holds no JSON object */
  json(name: string): Record<string, unknown>;
  /** To be closed. @throws InputError when the file is missing or invalid */
  safetensors(name: string): SafetensorsFile;
  /** A folder in it. */
  folder(name: string): FolderFiles;
}

/** What the head of an adapter is for. */
export interface StatedHead {
  /** `unstated` if the files do not say, `none` if they say that there is none. */
  readonly kind: HeadKind;
  /** How the files say it, for messages: `task_type TOKEN_CLS`. */
  readonly by: string;
}

/** What a folder of another library holds: weights in our names, and what it tells of them. */
export interface StoredAdapter {
  /** The folder, for messages. */
  readonly label: string;
  readonly settings: AdapterSettings;
  /** Of the adapter and of its head; encoder names may lack the prefix of the model type. */
  readonly weights: readonly Weight[];
  /** The adapters that it mixes, by name. */
  readonly mixed: ReadonlyMap<string, StoredAdapter>;
  /** What it says about the backbone that it belongs to. */
  readonly backbone: {
    readonly name?: string;
    readonly revision?: string;
    readonly modelType?: string;
    readonly hiddenSize?: number;
  };
  /** What its head is for, as far as the files say. */
  readonly stated: StatedHead;
  /** Class names; null for regression; undefined if it does not say. */
  readonly labels?: readonly string[] | null;
  /** What of it is not kept. */
  readonly warnings: readonly string[];
  /** The name in its files of a weight of ours. */
  readonly fileName: (name: string) => string;
}

/** Files by name, and what a reader in Python must know. */
export interface WrittenAdapter {
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  readonly warnings: readonly string[];
}

export interface ReadOptions {
  readonly head: boolean;
}

/** How another library lays out the folder of an adapter. */
export interface AdapterFormat {
  /** What a folder may hold. */
  readonly fileNames: readonly string[];
  /** Whether the files are of this library. @throws InputError if a configuration is no JSON */
  matches(files: FolderFiles): boolean;
  /**
   * @param name of the adapter, where files carry it
   * @throws InputError for what the library cannot express
   */
  write(adapter: PortableAdapter, name: string): WrittenAdapter;
  /**
   * @param options.head whether the head is read, where it has files of its own
   * @throws InputError naming a feature that is not supported here, or what is wrong with a file
   */
  read(files: FolderFiles, options: ReadOptions): StoredAdapter;
}
