/** A browser has no folders: tests that want one fail. */
export function temporaryFolder(): never {
  throw new Error('There are no files in a browser.');
}
