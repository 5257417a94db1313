/**
 * Tenders, change and cash rounding, by the rules of the API (`sales/settlement.py`) and held to the same cases.
 *
 * A tender counts at the branch's rate, rounded half up to a minor unit of the base currency. Only cash gives change;
 * the cash handed over last, change or else the tender, is rounded by the policy of its currency.
 */

import { exponent } from '@/money';
import type { Cash, Minor } from '@/money';

import { Fraction } from './fraction';
import { Refused, sum } from './pricing';

export const METHODS = ['CASH', 'CARD', 'CHECK', 'QR', 'TRANSFER', 'VOUCHER'] as const;
export type Method = (typeof METHODS)[number];

export interface Tender {
  method: Method;
  currency: string;
  amountMinor: Minor;
}

export interface RoundingRule {
  stepMinor: Minor;
  mode: 'NEAREST' | 'UP' | 'DOWN';
}

/** What a branch has decided about money. Rates are units of a currency per unit of the base, as decimals. */
export interface Terms {
  base: string;
  rates: Record<string, string>;
  rounding: Record<string, RoundingRule>;
}

export interface Payment extends Tender {
  flow: 'TENDER' | 'CHANGE';
  baseMinor: Minor;
}

export interface Rounding {
  currency: string;
  amountMinor: Minor;
  baseMinor: Minor;
}

export interface Settled {
  /** Tenders in their order, then the change, if any. */
  payments: Payment[];
  rounding: Rounding | null;
}

/** Minor units of a currency per minor unit of the base. */
function factor(terms: Terms, currency: string): Fraction {
  if (currency === terms.base) return Fraction.of(1);
  const rate = terms.rates[currency];
  if (rate === undefined) throw new Refused('RATE_UNKNOWN');
  const decimals = exponent(currency) - exponent(terms.base);
  const scale = 10n ** BigInt(Math.abs(decimals));
  return Fraction.decimal(rate).times(decimals < 0 ? Fraction.of(1n, scale) : Fraction.of(scale));
}

function inBase(terms: Terms, minor: Minor, currency: string): Fraction {
  return Fraction.of(minor).by(factor(terms, currency));
}

function fromBase(terms: Terms, amount: Fraction, currency: string): Fraction {
  return amount.times(factor(terms, currency));
}

/** An amount of cash as it can be handed over. Without a rule, to the minor unit, half up. */
function rounded(terms: Terms, amount: Fraction, currency: string): Minor {
  const rule = terms.rounding[currency];
  if (rule === undefined) return amount.halfUp();
  const steps = amount.by(Fraction.of(rule.stepMinor));
  const whole = { NEAREST: () => steps.halfUp(), UP: () => steps.ceil(), DOWN: () => steps.floor() };
  return whole[rule.mode]() * rule.stepMinor;
}

/** What is to be handed over in cash of a currency for an amount of the base currency. */
export function cashDue(terms: Terms, dueMinor: Minor, currency: string): Minor {
  return rounded(terms, fromBase(terms, Fraction.of(dueMinor), currency), currency);
}

/** Pay `dueMinor`, not negative. Throws PAYMENT_INSUFFICIENT, OVERPAID, RATE_UNKNOWN. */
export function settle(
  dueMinor: Minor,
  tenders: readonly Tender[],
  terms: Terms,
  changeCurrency: string | null = null,
): Settled {
  const payments = paymentsOf(tenders, terms);
  const cash = cashOf(tenders);
  const currencies = Object.keys(cash);
  const left = dueMinor - withoutCash(payments);
  if (left < 0 || (left === 0 && currencies.length > 0)) throw new Refused('OVERPAID');
  if (left > 0 && currencies.length === 0) throw new Refused('PAYMENT_INSUFFICIENT');
  if (left === 0) return { payments, rounding: null };
  const value = valueOf(cash, terms);
  const exact = asRounded(left, cash, value, terms);
  if (exact !== null) return { payments, rounding: roundingOf(payments, dueMinor, ...exact) };
  if (value.compare(Fraction.of(left)) < 0) throw new Refused('PAYMENT_INSUFFICIENT');
  // Change is given in the base currency, unless the only cash that came was of another one.
  const ofChange = changeCurrency ?? (currencies.length === 1 ? currencies[0] : undefined) ?? terms.base;
  return withChange(payments, dueMinor, value.minus(Fraction.of(left)), ofChange, terms);
}

/** Give `dueMinor` back: the tenders are what the customer gets. Throws REFUND_AMOUNT_MISMATCH, RATE_UNKNOWN. */
export function payBack(dueMinor: Minor, tenders: readonly Tender[], terms: Terms): Settled {
  const paid = paymentsOf(tenders, terms);
  const payments = paid.map((one) => ({
    ...one,
    amountMinor: -one.amountMinor,
    baseMinor: one.baseMinor === 0 ? 0 : -one.baseMinor,
  }));
  const cash = cashOf(tenders);
  const hasCash = Object.keys(cash).length > 0;
  const left = dueMinor - withoutCash(paid);
  const value = valueOf(cash, terms);
  if (!hasCash && left === 0) return { payments, rounding: null };
  const exact = asRounded(left, cash, value, terms);
  if (exact !== null) {
    const [currency, more] = exact;
    return { payments, rounding: roundingOf(payments, -dueMinor, currency, more === 0 ? 0 : -more) };
  }
  if (value.compare(Fraction.of(left)) === 0) return { payments, rounding: null };
  if (!hasCash && left > 0 && rounded(terms, Fraction.of(left), terms.base) === 0) {
    // What is due rounds to no cash at all.
    return { payments, rounding: roundingOf(payments, -dueMinor, terms.base, left) };
  }
  throw new Refused('REFUND_AMOUNT_MISMATCH');
}

/** What has still to be paid in the base currency, exactly enough to offer; 0 when the tenders suffice. */
export function leftToPay(dueMinor: Minor, tenders: readonly Tender[], terms: Terms): Minor {
  const left = Fraction.of(dueMinor - withoutCash(paymentsOf(tenders, terms))).minus(
    valueOf(cashOf(tenders), terms),
  );
  return left.over <= 0n ? 0 : left.ceil();
}

function paymentsOf(tenders: readonly Tender[], terms: Terms): Payment[] {
  return tenders.map((tender) => ({
    method: tender.method,
    currency: tender.currency,
    amountMinor: tender.amountMinor,
    flow: 'TENDER',
    baseMinor: inBase(terms, tender.amountMinor, tender.currency).halfUp(),
  }));
}

function withoutCash(payments: readonly Payment[]): Minor {
  return sum(payments.filter((one) => one.method !== 'CASH').map((one) => one.baseMinor));
}

function cashOf(tenders: readonly Tender[]): Cash {
  const cash: Cash = {};
  for (const tender of tenders) {
    if (tender.method !== 'CASH') continue;
    cash[tender.currency] = (cash[tender.currency] ?? 0) + tender.amountMinor;
  }
  return cash;
}

function valueOf(cash: Cash, terms: Terms): Fraction {
  return Object.entries(cash).reduce(
    (value, [currency, minor]) => value.plus(inBase(terms, minor, currency)),
    Fraction.of(0),
  );
}

/** The currency, and what rounding did to it, when the cash is just the rounded amount to pay. */
function asRounded(left: Minor, cash: Cash, value: Fraction, terms: Terms): [string, Minor] | null {
  for (const [currency, minor] of Object.entries(cash)) {
    const others = value.minus(inBase(terms, minor, currency));
    const needed = fromBase(terms, Fraction.of(left).minus(others), currency);
    if (needed.over > 0n && minor === rounded(terms, needed, currency)) {
      return [currency, Fraction.of(minor).minus(needed).halfUp()];
    }
  }
  return null;
}

function withChange(
  payments: Payment[],
  dueMinor: Minor,
  over: Fraction,
  currency: string,
  terms: Terms,
): Settled {
  const exact = fromBase(terms, over, currency);
  const given = rounded(terms, exact, currency);
  const kept = exact.minus(Fraction.of(given)).halfUp();
  if (given === 0) return { payments, rounding: roundingOf(payments, dueMinor, currency, kept) };
  const back = inBase(terms, given, currency).halfUp();
  const change: Payment = {
    method: 'CASH',
    currency,
    amountMinor: -given,
    flow: 'CHANGE',
    baseMinor: back === 0 ? 0 : -back,
  };
  const all = [...payments, change];
  return { payments: all, rounding: roundingOf(all, dueMinor, currency, kept) };
}

function roundingOf(
  payments: readonly Payment[],
  dueMinor: Minor,
  currency: string,
  amountMinor: Minor,
): Rounding | null {
  const baseMinor = sum(payments.map((one) => one.baseMinor)) - dueMinor;
  return amountMinor === 0 && baseMinor === 0 ? null : { currency, amountMinor, baseMinor };
}
