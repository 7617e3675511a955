/** A repository of the Hugging Face hub at one revision. */
export interface HubRepository {
  readonly type: 'model' | 'dataset';
  /** `org/name`. */
  readonly name: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

/** Two dashes separate the parts of a name in the cache; two dots could leave it. */
const NAME = /^(?!.*(--|\.\.))\w[\w.-]*\/\w[\w.-]*$/;
const REVISION = /^(?!.*(\.\.|\/\/|\/\.|\/$))\w[\w./-]*$/;
const COMMIT = /^[0-9a-f]{40}$/;

/** Returns the repository that `org/name` or `org/name@revision` names, undefined for any other text. */
export function parseHubName(text: string, type: HubRepository['type']): HubRepository | undefined {
  const [name, revision = 'main', ...rest] = text.split('@');
  const isName = NAME.test(name) && REVISION.test(revision) && rest.length === 0;
  return isName ? { type, name, revision } : undefined;
}

/** A name that means the same files for ever: the commit is its revision. */
export const pinnedName = ({ name }: HubRepository, commit: string): string => `${name}@${commit}`;

export const isCommit = (text: string): boolean => COMMIT.test(text);

/** The name in messages. */
export const describe = ({ name, revision }: HubRepository): string =>
  revision === 'main' ? name : `${name}@${revision}`;
