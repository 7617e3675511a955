import { readFileSync } from 'node:fs';

/**
 * The most memory that a process ever held; null where the system does not tell. Linux keeps it for the program alone; elsewhere the
 * high-water mark that a process is told may be that of the one it was started from.
 */
export function peakBytesOf(process: number | 'self'): number | null {
  try {
    const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${process}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}
