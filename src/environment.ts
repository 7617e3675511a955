/**
 * Returns a variable of the environment; undefined where there is none, as in browsers, or where reading it is not allowed, as in
 * Deno without --allow-env.
 */
export function environmentVariable(name: string): string | undefined {
  try {
    return globalThis.process?.env?.[name];
  } catch {
    return undefined;
  }
}
