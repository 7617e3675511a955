import type { Task } from '../training/index.ts';

/** The types that the methods of a task share. */
export type TypesOf<T> = T extends Task<infer Types> ? Types : never;
