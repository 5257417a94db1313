import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';

/** Moved to dist/ by `build` when it is whole: a server that runs meanwhile never serves half of it. */
const OUT = 'dist.new';

/** Compressed once at the build, so that the API need not compress what never changes. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      for (const file of readdirSync(OUT, { recursive: true, encoding: 'utf8' })) {
        const path = join(OUT, file);
        if (!/\.(js|css|svg|webmanifest)$/.test(file) || statSync(path).size < 1024) continue;
        const content = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
        writeFileSync(
          `${path}.br`,
          brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }),
        );
      }
    },
  };
}

/** What a till may ever need, by name; filled while the build writes its files. */
const forTills = new Set<string>();

/**
 * Finds out what the pages of the till need: all that can be reached from the start without passing by a page of the
 * desk or of the first run. Those need the network anyway, and the charts alone weigh more than the whole till.
 */
function sortedOut(): Plugin {
  return {
    name: 'sorted-out',
    apply: 'build',
    generateBundle(_, bundle) {
      const isForTheDesk = /\/src\/pages\/(desk\/|SetupPage)/;
      const waiting = Object.values(bundle).flatMap((one) =>
        one.type === 'chunk' && one.isEntry ? [one.fileName] : [],
      );
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        const file = bundle[name];
        if (file?.type !== 'chunk' || forTills.has(name)) continue;
        if (file.isDynamicEntry && isForTheDesk.test(file.facadeModuleId ?? '')) continue;
        forTills.add(name);
        file.viteMetadata?.importedCss.forEach((css) => forTills.add(css));
        waiting.push(...file.imports, ...file.dynamicImports);
      }
    },
  };
}

/**
 * The app is installable, and a till opens without a network: its files are kept by a service worker, which never
 * touches the API. A new version waits until no page of the old one is open, so that none changes under a sale.
 */
const installable = VitePWA({
  // `src/pwa.ts` registers it: the page's policy allows no inline script.
  injectRegister: null,
  registerType: 'prompt',
  manifest: {
    name: 'Tillvault',
    short_name: 'Tillvault',
    description: 'The till and the desk of a shop',
    start_url: '/till',
    scope: '/',
    display: 'standalone',
    background_color: '#faf8f4',
    theme_color: '#0f4a42',
    icons: [
      { src: '/favicon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
      { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'maskable' },
    ],
  },
  workbox: {
    globPatterns: ['index.html', '*.{js,svg}', 'assets/*.{js,css,woff2}'],
    inlineWorkboxRuntime: true,
    sourcemap: false,
    // The page has no name of its own at the API: it is what every path of the app answers.
    manifestTransforms: [
      (entries) => ({
        manifest: entries
          .filter(({ url }) => !/\.(js|css)$/.test(url) || !url.startsWith('assets/') || forTills.has(url))
          .map((entry) => (entry.url === 'index.html' ? { ...entry, url: '/' } : entry)),
        warnings: [],
      }),
    ],
    navigateFallback: '/',
    // The desk is never served from here: its page would name files of an older build, which are not kept.
    navigateFallbackAllowlist: [/^\/$/, /^\/till(\/|$)/],
  },
});

export default defineConfig({
  plugins: [react(), sortedOut(), installable, compressed()],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the page forbids what is not a file of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '^/(v1|api|health|docs|openapi.json|jwks.json)': 'http://127.0.0.1:8000' } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
