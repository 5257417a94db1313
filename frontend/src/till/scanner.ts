/**
 * Barcode scanners type like a keyboard, only faster than hands. A burst of keys that ends with Enter or Tab is a code,
 * whatever has the focus, and it never lands in a field: keys are held back until it is clear who typed them. So is a
 * burst of as many digits as an article number has, where a scanner ends with nothing. Words with spaces are no code.
 *
 * A person's key is let through after a moment that nobody notices: its character is put into the field, or the key
 * is told again to the page.
 */

/** Between two keys of a scanner; people who drum reach about 60 ms. */
const GAP_MS_MAX = 35;
const LENGTH_MIN = 4;
/** EAN-8 is the shortest article number; nobody types eight digits at this pace. */
const ARTICLE_NUMBER = /^\d{8,}$/;
const ENDS = new Set(['Enter', 'Tab']);

export interface ScannerTarget {
  /** Give characters that turned out to be typed by hand to where they were meant to go. */
  type(target: EventTarget | null, text: string): void;
  scanned(code: string): void;
  later(act: () => void, ms: number): unknown;
  cancel(handle: unknown): void;
}

export interface Key {
  key: string;
  timeStamp: number;
  target: EventTarget | null;
  hasModifier: boolean;
}

/** Decides of each key; `true` holds it back from the page. */
export class Scanner {
  private held = '';
  private target: EventTarget | null = null;
  private last = 0;
  private timer: unknown = null;
  private hasSpace = false;

  constructor(private readonly page: ScannerTarget) {}

  key(event: Key): boolean {
    const isQuick = event.timeStamp - this.last <= GAP_MS_MAX;
    if (!isQuick) this.hasSpace = false;
    if (event.hasModifier || (event.key.length !== 1 && !ENDS.has(event.key))) {
      this.release();
      return false;
    }
    if (ENDS.has(event.key)) {
      if (isQuick && !this.hasSpace && this.held.length >= LENGTH_MIN) {
        const code = this.held;
        this.forget();
        this.page.scanned(code);
        return true;
      }
      this.release();
      return false;
    }
    // Nor does a scanner go from one field to the next.
    if (!isQuick || event.target !== this.target) this.release();
    if (event.key === ' ') this.hasSpace = true;
    if (this.held === '') this.target = event.target;
    this.held += event.key;
    this.last = event.timeStamp;
    if (this.timer !== null) this.page.cancel(this.timer);
    this.timer = this.page.later(() => {
      this.release();
    }, GAP_MS_MAX + 5);
    return true;
  }

  /** What was held back was typed by hand: it goes where it was meant to. Unless no hand could. */
  private release(): void {
    const { held, target } = this;
    this.forget();
    if (ARTICLE_NUMBER.test(held)) this.page.scanned(held);
    else if (held !== '') this.page.type(target, held);
  }

  private forget(): void {
    if (this.timer !== null) this.page.cancel(this.timer);
    this.timer = null;
    this.held = '';
    this.target = null;
    this.last = 0;
  }
}

type Field = HTMLInputElement | HTMLTextAreaElement;

const NO_TEXT = new Set(['button', 'checkbox', 'color', 'file', 'radio', 'range', 'reset', 'submit']);

function isField(target: EventTarget | null): target is Field {
  if (target instanceof HTMLInputElement) return !NO_TEXT.has(target.type);
  return target instanceof HTMLTextAreaElement;
}

/** Keys that this module itself tells the page again. */
const told = new WeakSet<Event>();

/** As the browser itself would: at the cursor of a field, with the `input` event that React listens to; elsewhere as
 * the key that it was. */
function typeInto(target: EventTarget | null, text: string): void {
  if (!isField(target)) {
    for (const key of text) {
      const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
      told.add(event);
      (target ?? document.body).dispatchEvent(event);
    }
    return;
  }
  if (!target.isConnected || target.readOnly || target.disabled) return;
  const before = document.activeElement;
  target.focus();
  // Deprecated but the one way that keeps the cursor, undo and every listener as with real typing.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  if (!document.execCommand('insertText', false, text)) target.setRangeText(text);
  // Who has gone on to another field in the meantime stays there.
  if (before !== target && before instanceof HTMLElement) before.focus();
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
    if (told.has(event) || event.isComposing || event.repeat) return;
    // A space on a button is its click, which cannot be told again.
    if (event.key === ' ' && !isField(event.target)) return;
    const isHeld = scanner.key({
      key: event.key,
      timeStamp: event.timeStamp,
      target: event.target,
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
