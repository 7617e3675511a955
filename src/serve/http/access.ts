import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Returns whether a header of authorization has the token, in a time that does not tell how much of it is right. */
export function hasToken(header: string | undefined, token: string): boolean {
  const given = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1];
  return timingSafeEqual(digest(given ?? ''), digest(token)) && given !== undefined;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/i;

/** Returns whether an address to listen on is reached from this machine alone. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/**
 * Returns whether a request to the loopback address names it. A page of another site can make a browser ask under a name of that
 * site's that was pointed here, and could read the answer.
 */
export const namesLoopback = (host: string | undefined): boolean =>
  host !== undefined && LOOPBACK.test(host.replace(/:\d+$/, ''));
