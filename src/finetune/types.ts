import type { Task } from '../training/index.ts';

/** What the methods of a task hand to each other. */
export type TypesOf<T> = T extends Task<infer Types> ? Types : never;
