/**
 * Barcode scanners type like a keyboard, only faster than hands. A burst of keys that ends with Enter is a code,
 * whatever has the focus, and it never lands in a field: keys are held back until it is clear who typed them.
 *
 * A person's key in a field is let through after a moment that nobody notices, by putting its character in.
 */

/** Between two keys of a scanner; people who drum reach about 60 ms. */
const GAP_MS_MAX = 35;
const LENGTH_MIN = 4;

export interface ScannerTarget {
  /** Put characters that turned out to be typed by hand where they were meant to go. */
  type(field: EventTarget | null, text: string): void;
  scanned(code: string): void;
  later(act: () => void, ms: number): unknown;
  cancel(handle: unknown): void;
}

export interface Key {
  key: string;
  timeStamp: number;
  target: EventTarget | null;
  isInField: boolean;
  hasModifier: boolean;
}

/** Decides of each key; `true` holds it back from the page. */
export class Scanner {
  private held = '';
  private field: EventTarget | null = null;
  private isInField = false;
  private last = 0;
  private timer: unknown = null;

  constructor(private readonly page: ScannerTarget) {}

  key(event: Key): boolean {
    const isQuick = event.timeStamp - this.last <= GAP_MS_MAX;
    if (event.hasModifier || (event.key.length !== 1 && event.key !== 'Enter')) {
      this.release();
      return false;
    }
    if (event.key === 'Enter') {
      if (isQuick && this.held.length >= LENGTH_MIN) {
        const code = this.held;
        this.forget();
        this.page.scanned(code);
        return true;
      }
      this.release();
      return false;
    }
    if (!isQuick) this.release();
    if (this.held === '') {
      this.field = event.target;
      this.isInField = event.isInField;
    }
    this.held += event.key;
    this.last = event.timeStamp;
    if (this.timer !== null) this.page.cancel(this.timer);
    this.timer = this.page.later(() => {
      this.release();
    }, GAP_MS_MAX + 5);
    // Outside of a field a key does nothing but what a button makes of a space, which must not wait.
    return this.isInField || this.held.length > 1;
  }

  /** What was held back was typed by hand: it goes where it was meant to. */
  private release(): void {
    const { held, field, isInField } = this;
    this.forget();
    if (held !== '' && isInField) this.page.type(field, held);
  }

  private forget(): void {
    if (this.timer !== null) this.page.cancel(this.timer);
    this.timer = null;
    this.held = '';
    this.field = null;
    this.last = 0;
  }
}

type Field = HTMLInputElement | HTMLTextAreaElement;

function isField(target: EventTarget | null): target is Field {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

/** As the browser itself would: at the cursor, with the `input` event that React listens to. */
function typeInto(field: EventTarget | null, text: string): void {
  if (!isField(field) || !field.isConnected || field.readOnly || field.disabled) return;
  field.focus();
  // Deprecated but the one way that keeps the cursor, undo and every listener as with real typing.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  if (!document.execCommand('insertText', false, text)) field.setRangeText(text);
}

/** Listen on the whole page; gives the way to stop. */
export function listenToScanner(scanned: (code: string) => void): () => void {
  const scanner = new Scanner({
    type: typeInto,
    scanned,
    later: (act, ms) => window.setTimeout(act, ms),
    cancel: (handle) => {
      window.clearTimeout(handle as number);
    },
  });
  const onKey = (event: KeyboardEvent) => {
    if (event.isComposing || event.repeat) return;
    const isHeld = scanner.key({
      key: event.key,
      timeStamp: event.timeStamp,
      target: event.target,
      isInField: isField(event.target),
      hasModifier: event.ctrlKey || event.altKey || event.metaKey,
    });
    if (!isHeld) return;
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener('keydown', onKey, { capture: true });
  return () => {
    window.removeEventListener('keydown', onKey, { capture: true });
  };
}
