import { describe, expect, test } from 'vitest';

import { denominationsOf, totalOf } from './denominations';
import { format, parseAmount, plain, toMinor, toWire } from './money';

describe('money', () => {
  test.each([
    ['12.30', 'EUR', 1230],
    ['12,3', 'EUR', 1230],
    ['1 234,50', 'EUR', 123450],
    ['', 'EUR', 0],
    ['.5', 'EUR', 50],
    ['-3', 'USD', -300],
    ['4100', 'KHR', 4100],
    ['4100.0', 'KHR', 4100],
    ['1.234', 'KWD', 1234],
  ])('reads %s %s as %i', (text, currency, minor) => {
    expect(parseAmount(text, currency)).toBe(minor);
  });

  test.each([
    ['1.005', 'EUR'],
    ['10.5', 'KHR'],
    ['1,000.50', 'EUR'],
    ['abc', 'EUR'],
    ['.', 'EUR'],
    ['1e5', 'EUR'],
    ['--1', 'EUR'],
  ])('refuses %s %s', (text, currency) => {
    expect(parseAmount(text, currency)).toBeNull();
  });

  test('gives every amount back as it came, to the last cent of a billion', () => {
    for (const text of ['0.1', '0.29', '1.15', '4.35', '8.41', '1234567890.07', '999999999999.99']) {
      const minor = toMinor(Number(text), 'EUR');

      expect(JSON.stringify(toWire(minor, 'EUR'))).toBe(text);
    }
  });

  test('writes minor units with the decimals of their currency', () => {
    expect([plain(5, 'EUR'), plain(-1230, 'EUR'), plain(4100, 'KHR'), plain(7, 'KWD')]).toEqual([
      '0.05',
      '-12.30',
      '4100',
      '0.007',
    ]);
  });

  test('shows amounts as people of the language write them', () => {
    expect(format(123456, 'EUR', 'fr').replaceAll(/\s/g, ' ')).toBe('1 234,56 €');
    expect(format(-500, 'USD', 'en')).toBe('-$5.00');
    expect(format(500, 'USD', 'en', 'always')).toBe('+$5.00');
    expect(format(4100, 'KHR', 'en')).toContain('4,100');
  });

  test('counts pieces', () => {
    expect(totalOf({ '50': 2, '0.20': 5, '10': 0 }, 'EUR')).toBe(10100);
    expect(totalOf({ '20000': 3 }, 'KHR')).toBe(60000);
    expect(denominationsOf('JPY')).toEqual([]);
  });
});
