/** The first paint has the line and the processor for itself. */
const AFTER_LOAD_MS = 3_000;

/** Keep the app on this device, so that a till opens without a network. */
export function keepOnDevice(): void {
  // Not while developing, where files change all the time; and a page without https has no service workers.
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  window.addEventListener('load', () => {
    setTimeout(() => {
      // Without it everything works but opening offline, so a refusal is no reason to stop.
      navigator.serviceWorker.register('/sw.js').catch(() => undefined);
    }, AFTER_LOAD_MS);
  });
}
