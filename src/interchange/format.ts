import type { AdapterSettings } from '../adapters/index.ts';
import type { SafetensorsFile, TensorFile } from '../io/browser.ts';
import type { HeadKind, LayeredHead } from '../models/browser.ts';
import type { PortableAdapter, Weight } from './portable.ts';

/** The files of a folder, wherever it is. */
export interface FolderFiles {
  /** The name of the folder in messages. */
  readonly label: string;
  /** Returns the name of a file of it in messages. */
  path(name: string): string;
  has(name: string): boolean;
  /** @throws InputError when the file is missing or holds no JSON object */
  json(name: string): Record<string, unknown>;
  /** To be closed. @throws InputError when the file is missing or invalid */
  safetensors(name: string): SafetensorsFile;
  /** A file of `torch.save`, to be closed. @throws InputError when it is missing or holds anything but tensors */
  pickle(name: string): TensorFile;
  /** A folder in it. */
  folder(name: string): FolderFiles;
}

/** The task of the head of an adapter. */
export interface StatedHead {
  /** `unstated` if the files do not say, `none` if they say that there is none. */
  readonly kind: HeadKind;
  /** The words of the files for it, for messages: `task_type TOKEN_CLS`. */
  readonly by: string;
}

/** The content of a folder of another library: weights in our names, and the facts about them. */
export interface StoredAdapter {
  /** The folder, for messages. */
  readonly label: string;
  readonly settings: AdapterSettings;
  /** The weights of the adapter and of its head; encoder names may lack the prefix of the model type. */
  readonly weights: readonly Weight[];
  /** The output layer of BART, if the folder has a copy of it: it must be the backbone's, which whoever has that compares. */
  readonly tied?: readonly Weight[];
  /** The adapters that it mixes, by name. */
  readonly mixed: ReadonlyMap<string, StoredAdapter>;
  /** The facts about the backbone that it belongs to. */
  readonly backbone: {
    readonly name?: string;
    readonly revision?: string;
    readonly modelType?: string;
    readonly hiddenSize?: number;
  };
  /** The task of its head, as far as the files say. */
  readonly stated: StatedHead;
  /** The form of its head, where it is none of transformers. */
  readonly layeredHead?: LayeredHead;
  /** Whether any number of its classes can hold at once. Undefined if it does not say. */
  readonly isMultiLabel?: boolean;
  /** Class names; null for regression; undefined if it does not say. */
  readonly labels?: readonly string[] | null;
  /** Lines on parts of it that are not kept. */
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

/** The format of adapter folders of another library. */
export interface AdapterFormat {
  /** The files that a folder may have. */
  readonly fileNames: readonly string[];
  /** Returns whether the files are of this library. @throws InputError if a configuration is no JSON */
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
