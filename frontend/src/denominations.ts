import { parseAmount } from './money';
import type { Minor } from './money';

/** Notes and coins in use, largest first, as the API names them. A currency without a list is counted by its total. */
const TABLE: Record<string, string[]> = {
  EUR: ['500', '200', '100', '50', '20', '10', '5', '2', '1', '0.50', '0.20', '0.10', '0.05', '0.02', '0.01'],
  USD: ['100', '50', '20', '10', '5', '2', '1', '0.50', '0.25', '0.10', '0.05', '0.01'],
  KHR: ['100000', '50000', '20000', '10000', '5000', '2000', '1000', '500', '200', '100', '50'],
  GBP: ['50', '20', '10', '5', '2', '1', '0.50', '0.20', '0.10', '0.05', '0.02', '0.01'],
  CHF: ['1000', '200', '100', '50', '20', '10', '5', '2', '1', '0.50', '0.20', '0.10', '0.05'],
  XOF: ['10000', '5000', '2000', '1000', '500', '250', '200', '100', '50', '25', '10', '5'],
  XPF: ['10000', '5000', '1000', '500', '200', '100', '50', '20', '10', '5'],
  MXN: ['1000', '500', '200', '100', '50', '20', '10', '5', '2', '1', '0.50', '0.20', '0.10'],
};

export type Pieces = Record<string, number>;

export function denominationsOf(currency: string): readonly string[] {
  return TABLE[currency] ?? [];
}

export function totalOf(pieces: Pieces, currency: string): Minor {
  return Object.entries(pieces).reduce(
    (sum, [kind, count]) => sum + (parseAmount(kind, currency) ?? 0) * count,
    0,
  );
}
