import { type Browser, chromium } from 'playwright-core';

/**
 * Chromium without a window, with WebGL2 through the system's OpenGL: in software without a GPU. CHROMIUM names another program,
 * CHROMIUM_ANGLE what it draws with in place of `gl-egl`: `vulkan` say, which a card's driver may have where it has no EGL.
 */
export function launchChromium(): Promise<Browser> {
  const { CHROMIUM = '/usr/bin/chromium', CHROMIUM_ANGLE = 'gl-egl' } = process.env;
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--use-gl=angle', `--use-angle=${CHROMIUM_ANGLE}`, '--ignore-gpu-blocklist'],
  });
}
