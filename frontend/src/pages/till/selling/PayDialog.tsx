import { Alert, Button, Group, Modal, SegmentedControl, SimpleGrid, Stack, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { AmountField } from '@/components/AmountField';
import { Money, useMoney } from '@/components/Money';
import { denominationsOf } from '@/denominations';
import { parseAmount, plain } from '@/money';
import type { Minor } from '@/money';
import { Refused } from '@/till/pricing';
import { cashDue, leftToPay, METHODS, settle } from '@/till/settlement';
import type { Method, Settled, Tender, Terms } from '@/till/settlement';

interface Props {
  dueMinor: Minor;
  currencies: string[];
  terms: Terms;
  isBusy: boolean;
  refusal: string | null;
  onClose: () => void;
  onPay: (tenders: Tender[], changeCurrency: string | null) => void;
}

const TENDERS_MAX = 10;

/** Notes that a customer is likely to hand over for an amount. */
function likelyCash(due: Minor, currency: string): Minor[] {
  const found = new Set<Minor>([due]);
  for (const kind of [...denominationsOf(currency)].reverse()) {
    const piece = parseAmount(kind, currency) ?? 0;
    if (piece * 20 < due || piece === 0) continue;
    found.add(Math.ceil(due / piece) * piece);
  }
  return [...found].sort((a, b) => a - b).slice(0, 6);
}

function settled(due: Minor, tenders: Tender[], terms: Terms, change: string | null): Settled | string {
  try {
    return settle(due, tenders, terms, change);
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
}

/** Paying: one tender mostly, several when need be, each in its currency; the change and its rounding before it is done. */
export function PayDialog({ dueMinor, currencies, terms, isBusy, refusal, onClose, onPay }: Props) {
  const { t } = useTranslation();
  const money = useMoney();
  const [kept, setKept] = useState<Tender[]>([]);
  const [method, setMethod] = useState<Method>('CASH');
  const [currency, setCurrency] = useState(terms.base);
  const [text, setText] = useState('');
  const [change, setChange] = useState<string | null>(null);
  const payable = currencies.filter((one) => one === terms.base || terms.rates[one] !== undefined);
  const leftMinor = leftToPay(dueMinor, kept, terms);
  const owed = method === 'CASH' ? cashDue(terms, leftMinor, currency) : leftMinor;
  const inCurrency = method === 'CASH' ? currency : terms.base;
  const typed = parseAmount(text, inCurrency);
  // An empty field is just what is owed: Enter alone pays.
  const amountMinor = text.trim() === '' ? owed : (typed ?? 0);
  const tenders = useMemo(
    () =>
      amountMinor > 0 && leftMinor > 0 ? [...kept, { method, currency: inCurrency, amountMinor }] : kept,
    [kept, method, inCurrency, amountMinor, leftMinor],
  );
  const result = settled(dueMinor, tenders, terms, change);
  const isPaid = typeof result !== 'string';
  const given = isPaid ? result.payments.find((one) => one.flow === 'CHANGE') : undefined;
  const takesCash = tenders.some((one) => one.method === 'CASH');

  const choose = (next: Method) => {
    setMethod(next);
    setText('');
  };
  const done = () => {
    if (isPaid && !isBusy) onPay(tenders, given === undefined ? null : given.currency);
  };
  return (
    <Modal
      opened
      onClose={() => {
        if (!isBusy) onClose();
      }}
      size="lg"
      title={t('selling.pay.title')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === null) return;
          if (isPaid) done();
          else if (result === 'PAYMENT_INSUFFICIENT' && tenders.length > kept.length) add();
        }}
      >
        <Stack>
          <Group justify="space-between" align="baseline">
            <Text c="dimmed">{t(kept.length > 0 ? 'selling.pay.left' : 'selling.pay.due')}</Text>
            <Group gap="xs" align="baseline">
              <Money fz={34} fw={650} lh={1.1} minor={leftMinor} currency={terms.base} data-testid="left" />
              {payable
                .filter((one) => one !== terms.base)
                .map((one) => (
                  <Text key={one} c="dimmed">
                    {money.minor(cashDue(terms, leftMinor, one), one)}
                  </Text>
                ))}
            </Group>
          </Group>
          {kept.map((tender, index) => (
            <Group key={index} justify="space-between" data-testid="tender">
              <span>{t(`selling.methods.${tender.method}`)}</span>
              <Group gap="xs">
                <Money minor={tender.amountMinor} currency={tender.currency} fw={600} />
                <Button
                  variant="subtle"
                  onClick={() => {
                    setKept(kept.filter((_, at) => at !== index));
                    setText('');
                  }}
                >
                  {t('selling.pay.takeOut')}
                </Button>
              </Group>
            </Group>
          ))}
          {leftMinor > 0 && (
            <>
              <SimpleGrid
                cols={{ base: 2, xs: 3 }}
                spacing="xs"
                role="group"
                aria-label={t('selling.pay.how')}
              >
                {METHODS.map((one) => (
                  <Button
                    key={one}
                    px={4}
                    h={52}
                    variant={method === one ? 'filled' : 'default'}
                    aria-pressed={method === one}
                    onClick={() => {
                      choose(one);
                    }}
                  >
                    {t(`selling.methods.${one}`)}
                  </Button>
                ))}
              </SimpleGrid>
              {method === 'CASH' && payable.length > 1 && (
                <Currencies
                  label={t('selling.pay.currency')}
                  all={payable}
                  value={currency}
                  onValue={(one) => {
                    setCurrency(one);
                    setText('');
                  }}
                />
              )}
              <AmountField
                key={`${method} ${inCurrency} ${kept.length}`}
                autoFocus
                label={t('selling.pay.amount', { amount: money.minor(owed, inCurrency) })}
                currency={inCurrency}
                text={text}
                onText={setText}
              />
              {method === 'CASH' && (
                <SimpleGrid cols={3} spacing="xs" role="group" aria-label={t('selling.pay.quick')}>
                  {likelyCash(owed, currency).map((minor) => (
                    <Button
                      key={minor}
                      px={4}
                      variant={amountMinor === minor ? 'light' : 'default'}
                      onClick={() => {
                        setText(plain(minor, currency));
                      }}
                    >
                      {money.minor(minor, currency)}
                    </Button>
                  ))}
                </SimpleGrid>
              )}
            </>
          )}
          {isPaid && <Outcome result={result} />}
          {takesCash && (given !== undefined || change !== null) && payable.length > 1 && (
            <Currencies
              label={t('selling.pay.changeIn')}
              all={payable}
              value={given?.currency ?? change ?? terms.base}
              onValue={setChange}
            />
          )}
          {result === 'OVERPAID' && <Text c="red">{t('errors.OVERPAID')}</Text>}
          {refusal !== null && (
            <Alert color="red" role="alert">
              {refusal}
            </Alert>
          )}
          <Group grow align="stretch">
            {!isPaid && (
              <Button
                variant="default"
                size="lg"
                disabled={result !== 'PAYMENT_INSUFFICIENT' || tenders.length === kept.length}
                onClick={add}
              >
                {t('selling.pay.add')}
              </Button>
            )}
            <Button
              type="submit"
              size="lg"
              h={60}
              loading={isBusy}
              disabled={!isPaid || typed === null}
              data-testid="finish"
            >
              {t('selling.pay.finish')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );

  function add() {
    if (tenders.length >= TENDERS_MAX || tenders.length === kept.length) return;
    setKept(tenders);
    setText('');
    setMethod('CASH');
  }
}

interface CurrenciesProps {
  label: string;
  all: string[];
  value: string;
  onValue: (currency: string) => void;
}

function Currencies({ label, all, value, onValue }: CurrenciesProps) {
  return (
    <div>
      <Text size="sm" fw={500} mb={4}>
        {label}
      </Text>
      <SegmentedControl
        fullWidth
        aria-label={label}
        styles={{ label: { minHeight: 44, alignContent: 'center' } }}
        data={all}
        value={value}
        onChange={onValue}
      />
    </div>
  );
}

/** What goes back over the counter, and what rounding did. */
function Outcome({ result }: { result: Settled }) {
  const { t } = useTranslation();
  const change = result.payments.find((one) => one.flow === 'CHANGE');
  return (
    <Stack gap={2} aria-live="polite">
      {change !== undefined && (
        <Group justify="space-between" align="baseline">
          <Text fw={600}>{t('selling.pay.change')}</Text>
          <Money
            fz={30}
            fw={650}
            minor={-change.amountMinor}
            currency={change.currency}
            data-testid="change"
          />
        </Group>
      )}
      {result.rounding !== null && (
        <Group justify="space-between" c="dimmed">
          <span>{t('selling.pay.rounding')}</span>
          <Money
            minor={result.rounding.amountMinor}
            currency={result.rounding.currency}
            sign="always"
            data-testid="rounding"
          />
        </Group>
      )}
    </Stack>
  );
}
