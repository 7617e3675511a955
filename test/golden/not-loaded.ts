/**
 * Folders of the areas `peft` and `adapterhub` that should load and do not yet, by what they wait for. Each of them is refused by name; one
 * that loads is a failure, so that the list tells the truth.
 */
export const notLoaded: Readonly<Record<string, readonly string[]>> = {};
