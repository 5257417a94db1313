import { beforeEach, expect, test } from 'vitest';

import { Scanner } from './scanner';

let scanned: string[];
let typed: string[];
let waiting: (() => void) | null;
let scanner: Scanner;

beforeEach(() => {
  scanned = [];
  typed = [];
  waiting = null;
  scanner = new Scanner({
    type: (_, text) => typed.push(text),
    scanned: (code) => scanned.push(code),
    later: (act) => (waiting = act),
    cancel: () => (waiting = null),
  });
});

/** Keys with this much time between them, from a clock far from 0; says which were held back. */
function keys(text: string, gapMs: number): boolean[] {
  return Array.from(text, (key, index) =>
    scanner.key({
      key: { '\n': 'Enter', '\t': 'Tab' }[key] ?? key,
      timeStamp: 1000 + index * gapMs,
      target: null,
      hasModifier: false,
    }),
  );
}

test('a burst that ends with Enter is a code, and none of it reaches a field', () => {
  const held = keys('3017620422003\n', 5);

  expect(scanned).toEqual(['3017620422003']);
  expect(typed).toEqual([]);
  expect(held).not.toContain(false);
});

test('what hands type reaches the field, in order, and Enter stays Enter', () => {
  const held = keys('12.50\n', 120);

  expect(scanned).toEqual([]);
  expect(typed.join('')).toBe('12.50');
  expect(held.at(-1)).toBe(false);
});

test('a burst without an Enter is given back after a moment', () => {
  keys('1234', 5);
  waiting?.();

  expect(typed).toEqual(['1234']);
  expect(scanned).toEqual([]);
});

test('a short burst with Enter is no code', () => {
  keys('12\n', 5);

  expect(scanned).toEqual([]);
  expect(typed.join('')).toBe('12');
});

test('a shortcut is never held back', () => {
  const isHeld = scanner.key({ key: 'r', timeStamp: 1000, target: null, hasModifier: true });

  expect(isHeld).toBe(false);
});

test('a scanner that ends with Tab is one too, and the focus stays', () => {
  const held = keys('4006381333931\t', 5);

  expect(scanned).toEqual(['4006381333931']);
  expect(typed).toEqual([]);
  expect(held.at(-1)).toBe(true);
});

test('an article number that ends with nothing is still no typing', () => {
  keys('40063813', 5);
  waiting?.();

  expect(scanned).toEqual(['40063813']);
  expect(typed).toEqual([]);
});

test('words are no code, however fast they come', () => {
  const held = keys('More change\n', 5);

  expect(scanned).toEqual([]);
  expect(typed.join('')).toBe('More change');
  expect(held.at(-1)).toBe(false);
});

test('after words a code is a code again', () => {
  keys('to it', 5);
  scanner.key({ key: 'Enter', timeStamp: 2000, target: null, hasModifier: false });
  for (const [at, key] of [...Array.from('30176204'), 'Enter'].entries())
    scanner.key({ key, timeStamp: 3000 + at * 5, target: null, hasModifier: false });

  expect(scanned).toEqual(['30176204']);
});

test('what was typed in one field stays out of the next, however fast one goes there', () => {
  const [one, two] = [new EventTarget(), new EventTarget()];
  for (const [at, target] of [one, one, two, two].entries())
    scanner.key({ key: String(at), timeStamp: 1000 + at * 5, target, hasModifier: false });
  waiting?.();

  expect(typed).toEqual(['01', '23']);
});
