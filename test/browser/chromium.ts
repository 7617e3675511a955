import { type Browser, chromium } from 'playwright-core';

/** Chromium without a window (CHROMIUM names another program), with WebGL2 through the system's OpenGL: in software without a GPU. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--use-gl=angle', '--use-angle=gl-egl', '--ignore-gpu-blocklist'],
  });
}
