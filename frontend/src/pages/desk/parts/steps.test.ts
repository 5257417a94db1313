import { expect, test } from 'vitest';

import { everyStep } from './steps';

test('a day without sales stands between its neighbours, over the end of a month and a leap day', () => {
  expect(everyStep('day', ['2028-02-27', '2028-02-28', '2028-03-02'])).toEqual([
    '2028-02-27',
    '2028-02-28',
    '2028-02-29',
    '2028-03-01',
    '2028-03-02',
  ]);
});

test('months go over the end of the year, hours count', () => {
  expect(everyStep('month', ['2026-11', '2027-02'])).toEqual(['2026-11', '2026-12', '2027-01', '2027-02']);
  expect(everyStep('hour', ['9', '12'])).toEqual(['9', '10', '11', '12']);
});

test('people and registers stay as they come, and nothing stays nothing', () => {
  expect(everyStep('cashier', ['b', 'a'])).toEqual(['b', 'a']);
  expect(everyStep('day', [])).toEqual([]);
  expect(everyStep('day', ['2026-11-21'])).toEqual(['2026-11-21']);
});
