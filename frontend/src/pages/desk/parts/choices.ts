import type { NewBranch } from '@/api';

export type Currency = NewBranch['baseCurrency'];

/** Those of shops that use Tillvault first; any other that the browser knows after them. */
const FIRST: readonly Currency[] = ['EUR', 'USD', 'KHR', 'GBP', 'CHF', 'MXN', 'COP', 'MAD', 'XOF'];

export const CURRENCIES: Currency[] = [
  ...FIRST,
  ...(Intl.supportedValuesOf('currency') as Currency[]).filter(
    (code) => !FIRST.includes(code) && !/^(X|ZZZ|BGL|BOV|CHE|CHW|CLF|COU|MXV|USN|UYI|UYW)/.test(code),
  ),
];

/** UTC is no zone of a place, and not every browser lists it. */
export const TIMEZONES: string[] = [...new Set([...Intl.supportedValuesOf('timeZone'), 'UTC'])];
